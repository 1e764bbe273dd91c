/** Constants that more than one module of the site needs. */

/** The URL of the repository. Links in docs/ to files outside docs/ become links to it. */
export const RepositoryURL = 'https://github.com/xenon-auth/xenon';

/** Pages with forms or private data. They are not in the sitemap, and each has the robots meta tag "noindex". */
export const PrivatePages = [
  '/login/',
  '/register/',
  '/forgot-password/',
  '/reset-password/',
  '/verify-email/',
  '/cancel-email-change/',
  '/login/mail/',
  '/magic-link/',
  '/two-factor/',
  '/admin/',
  '/profile/',
  '/account/',
];

/** The page with all results of a search. It is not in the sitemap either. */
export const SearchPage = '/search/';
