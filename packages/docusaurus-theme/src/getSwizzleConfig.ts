import type { SwizzleComponentConfig, SwizzleConfig } from '@docusaurus/types';

const safeToSwizzle = (description: string): SwizzleComponentConfig => ({
  actions: { eject: 'safe', wrap: 'safe' },
  description,
});
const unsafeToSwizzle = (description: string): SwizzleComponentConfig => ({
  actions: { eject: 'unsafe', wrap: 'unsafe' },
  description,
});

/** The pages, the layout and the menu are stable. The forms can change in any version. */
export default function getSwizzleConfig(): SwizzleConfig {
  return {
    components: {
      'NavbarItem/ComponentTypes': unsafeToSwizzle('The navbar item types of the site with custom-xenonAccount added'),
      XenonAccountMenu: safeToSwizzle('The navbar item: the account menu, or the link to the sign-in page'),
      XenonAccountPage: safeToSwizzle('Name, email, password, ways to sign in, sessions, deletion'),
      XenonAdminPage: safeToSwizzle('The users, for administrators'),
      XenonAuthForms: { actions: { eject: 'forbidden', wrap: 'forbidden' }, description: 'The folder of the forms' },
      'XenonAuthForms/EmailForm': unsafeToSwizzle('Asks for an email and sends a link to it'),
      'XenonAuthForms/MailSignInForm': unsafeToSwizzle('Asks for an email and mails a link or a code to sign in'),
      'XenonAuthForms/NewPasswordForm': unsafeToSwizzle('Sets a new password'),
      'XenonAuthForms/RegisterForm': unsafeToSwizzle('Creates an account'),
      'XenonAuthForms/SignInCodeForm': unsafeToSwizzle('Signs in with a code from a mail'),
      'XenonAuthForms/SignInForm': unsafeToSwizzle('Signs in with email and password'),
      XenonAuthLayout: safeToSwizzle('The frame of all pages: the title, the logo and a card'),
      XenonCancelEmailChangePage: safeToSwizzle('Stops a change of the email'),
      XenonForgotPasswordPage: safeToSwizzle('Sends a link to choose a new password'),
      XenonLoginPage: safeToSwizzle('The sign-in page'),
      XenonMagicLinkPage: safeToSwizzle('Asks for a click before a mailed link signs in'),
      XenonMailSignInPage: safeToSwizzle('Signs in with a link or a code by mail'),
      XenonProfilePage: safeToSwizzle('The learner profile'),
      XenonRegisterPage: safeToSwizzle('The registration page'),
      XenonRequireAuth: safeToSwizzle('Shows its content if a person is signed in, and otherwise the sign-in form'),
      XenonResetPasswordPage: safeToSwizzle('Chooses a new password with the link in a mail'),
      XenonTwoFactorPage: safeToSwizzle('Asks for the second factor of a sign-in'),
      XenonVerifyEmailPage: safeToSwizzle('The result of the link in a verification mail'),
    },
  };
}
