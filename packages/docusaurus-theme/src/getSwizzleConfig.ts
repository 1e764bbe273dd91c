import type { SwizzleComponentConfig, SwizzleConfig } from '@docusaurus/types';

const both = (description: string): SwizzleComponentConfig => ({
  actions: { eject: 'safe', wrap: 'safe' },
  description,
});
const inner = (description: string): SwizzleComponentConfig => ({
  actions: { eject: 'unsafe', wrap: 'unsafe' },
  description,
});

/** The pages, the layout and the menu are stable. The forms can change in any version. */
export default function getSwizzleConfig(): SwizzleConfig {
  return {
    components: {
      'NavbarItem/ComponentTypes': inner('The navbar item types of the site with custom-xenonAccount added'),
      XenonAccountMenu: both('The navbar item: the account menu, or the link to the sign-in page'),
      XenonAccountPage: both('Name, email, password, ways to sign in, sessions, deletion'),
      XenonAuthForms: { actions: { eject: 'forbidden', wrap: 'forbidden' }, description: 'The folder of the forms' },
      'XenonAuthForms/EmailForm': inner('Asks for an email and sends a link to it'),
      'XenonAuthForms/NewPasswordForm': inner('Sets a new password'),
      'XenonAuthForms/RegisterForm': inner('Creates an account'),
      'XenonAuthForms/SignInForm': inner('Signs in with email and password'),
      XenonAuthLayout: both('The frame of all pages: the title, the logo and a card'),
      XenonCancelEmailChangePage: both('Stops a change of the email'),
      XenonForgotPasswordPage: both('Sends a link to choose a new password'),
      XenonLoginPage: both('The sign-in page'),
      XenonProfilePage: both('The learner profile'),
      XenonRegisterPage: both('The registration page'),
      XenonRequireAuth: both('Shows its content if a person is signed in, and otherwise the sign-in form'),
      XenonResetPasswordPage: both('Chooses a new password with the link in a mail'),
      XenonVerifyEmailPage: both('The result of the link in a verification mail'),
    },
  };
}
