/** The page to open after a sign-in if the URL has no `?next=`. */
export const home = '/profile/';

// Matches paths of this site: no double slash, backslash, scheme or control character. Segments are separated by the
// slash only, so that matching a long path takes linear time.
const segment = '[A-Za-z0-9][A-Za-z0-9._~-]*';
const path = new RegExp(`^/(?:${segment}(?:/${segment})*/?)?(?:\\?[A-Za-z0-9._~=&%+-]*)?(?:#[A-Za-z0-9._~%-]*)?$`);
// Paths that are not opened after a sign-in: the authentication forms and the API.
const excluded = /^\/(?:login|register|forgot-password|reset-password|verify-email|cancel-email-change|api)(?:[/?#]|$)/;

/** The page to return to, from a query string such as `?next=/docs/`; {@link home} for any other value. */
export function nextPath(search: string): string {
  const next = new URLSearchParams(search).get('next');
  return next && path.test(next) && !excluded.test(next) ? next : home;
}

/** The URL of the page `to` with `from` as the page to return to. */
export function withNext(to: string, from: string): string {
  return path.test(from) && !excluded.test(from) && from !== home ? `${to}?next=${encodeURIComponent(from)}` : to;
}
