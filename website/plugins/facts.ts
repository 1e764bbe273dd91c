/** Constants that more than one module of the site needs. */

/** The URL of the source. Links in docs/ that leave the folder lead there. */
export const Repository = 'https://github.com/xenon-auth/xenon';

/** Pages with forms or private data. They are not in the sitemap, and each marks itself noindex. */
export const PrivatePages = [
  '/login/',
  '/register/',
  '/forgot-password/',
  '/reset-password/',
  '/verify-email/',
  '/cancel-email-change/',
  '/profile/',
  '/account/',
];
