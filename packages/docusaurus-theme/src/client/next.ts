import { isWithin, paths, site } from './site';

/** The page to open after a sign-in if the URL has no `?next=`. */
export const pageAfterSignIn = site.afterSignIn;

// Matches paths of this site: no double slash, backslash, scheme or control character. Letters of all languages may be
// percent-encoded, as in URLs. Segments are separated by the slash only, so that matching a long path takes linear
// time.
const firstCharacter = '(?:[\\p{L}\\p{N}]|%[89A-Fa-f][0-9A-Fa-f])';
const laterCharacter = '(?:[\\p{L}\\p{M}\\p{N}._~-]|%[89A-Fa-f][0-9A-Fa-f])';
const segment = `${firstCharacter}${laterCharacter}*`;
const pathPattern = new RegExp(
  `^/(?:${segment}(?:/${segment})*/?)?(?:\\?[\\p{L}\\p{M}\\p{N}._~=&%+-]*)?(?:#[\\p{L}\\p{M}\\p{N}._~%-]*)?$`,
  'u',
);

// Pages that are not opened after a sign-in: the authentication forms and the API.
const excludedPages = [
  paths.login,
  paths.mailSignIn,
  paths.magicLink,
  paths.twoFactor,
  paths.register,
  paths.forgotPassword,
  paths.resetPassword,
  paths.verifyEmail,
  paths.cancelEmailChange,
  '/api',
];

/** The page to return to, from a query string such as `?next=/docs/`; {@link pageAfterSignIn} for any other value. */
export function nextPath(search: string): string {
  const next = new URLSearchParams(search).get('next');
  return next && isReturnPath(next) ? next : pageAfterSignIn;
}

/** The URL of the page `to` with `from` as the page to return to. */
export function withNext(to: string, from: string): string {
  return isReturnPath(from) && from !== pageAfterSignIn ? `${to}?next=${encodeURIComponent(from)}` : to;
}

function isReturnPath(url: string): boolean {
  const [pathname = ''] = url.split(/[?#]/);
  return (
    pathPattern.test(url) && isWithin(pathname, site.baseUrl) && !excludedPages.some((page) => isWithin(pathname, page))
  );
}
