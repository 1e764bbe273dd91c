import type { SwizzleComponentConfig, SwizzleConfig } from '@docusaurus/types';

const safe = (description: string): SwizzleComponentConfig => ({
  actions: { eject: 'safe', wrap: 'safe' },
  description,
});
const unsafe = (description: string): SwizzleComponentConfig => ({
  actions: { eject: 'unsafe', wrap: 'unsafe' },
  description,
});

/** The pages, the layout and the menu are stable. The forms can change in any version. */
export default function getSwizzleConfig(): SwizzleConfig {
  return {
    components: {
      'NavbarItem/ComponentTypes': unsafe('The navbar item types of the site with custom-xenonAccount added'),
      XenonAccountMenu: safe('The navbar item: the account menu, or the link to the sign-in page'),
      XenonAccountPage: safe('Name, email, password, ways to sign in, sessions, deletion'),
      XenonAuthForms: { actions: { eject: 'forbidden', wrap: 'forbidden' }, description: 'The folder of the forms' },
      'XenonAuthForms/EmailForm': unsafe('Asks for an email and sends a link to it'),
      'XenonAuthForms/NewPasswordForm': unsafe('Sets a new password'),
      'XenonAuthForms/RegisterForm': unsafe('Creates an account'),
      'XenonAuthForms/SignInForm': unsafe('Signs in with email and password'),
      XenonAuthLayout: safe('The frame of all pages: the title, the logo and a card'),
      XenonCancelEmailChangePage: safe('Stops a change of the email'),
      XenonForgotPasswordPage: safe('Sends a link to choose a new password'),
      XenonLoginPage: safe('The sign-in page'),
      XenonProfilePage: safe('The learner profile'),
      XenonRegisterPage: safe('The registration page'),
      XenonRequireAuth: safe('Shows its content if a person is signed in, and otherwise the sign-in form'),
      XenonResetPasswordPage: safe('Chooses a new password with the link in a mail'),
      XenonVerifyEmailPage: safe('The result of the link in a verification mail'),
    },
  };
}
