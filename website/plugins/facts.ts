/** Facts of the site that more than one place needs. */

/** Where the source lives; links of docs/ that leave the folder lead there. */
export const Repository = 'https://github.com/xenon-auth/xenon';

/** Pages for one person alone: not in the sitemap, and marked noindex by themselves. */
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
