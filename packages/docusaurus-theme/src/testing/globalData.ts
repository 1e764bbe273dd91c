import type { SiteData } from '../siteData';

const site: SiteData = {
  baseUrl: '/',
  paths: {
    login: '/login/',
    mailSignIn: '/login/mail/',
    magicLink: '/magic-link/',
    twoFactor: '/two-factor/',
    register: '/register/',
    forgotPassword: '/forgot-password/',
    resetPassword: '/reset-password/',
    verifyEmail: '/verify-email/',
    cancelEmailChange: '/cancel-email-change/',
    account: '/account/',
    profile: '/profile/',
    admin: '/admin/',
  },
  afterSignIn: '/profile/',
  apiOrigin: '',
  apiMode: 'cookie',
  methods: { password: true, providers: true, magicLink: true, emailOTP: true },
  signUp: true,
  changeEmail: true,
  deleteAccount: true,
  twoFactor: true,
  admin: true,
  profile: true,
  passwordLength: { min: 8, max: 128 },
};

/** A stand-in of the module that Docusaurus generates: the data of a site with the options of website/. */
export default { 'docusaurus-theme-xenon': { default: site } };
