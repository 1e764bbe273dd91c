/** Where people go who signed in without having been sent. */
export const home = '/profile/';

// What a path of this site can look like. No second slash, backslash, scheme or control character is among it. Segments
// are told apart by their slash alone, or a long one would be tried in every way it can be cut.
const segment = '[A-Za-z0-9][A-Za-z0-9._~-]*';
const path = new RegExp(`^/(?:${segment}(?:/${segment})*/?)?(?:\\?[A-Za-z0-9._~=&%+-]*)?(?:#[A-Za-z0-9._~%-]*)?$`);
// Coming back to these would ask for what was just done, and the API is no page.
const elsewhere =
  /^\/(?:login|register|forgot-password|reset-password|verify-email|cancel-email-change|api)(?:[/?#]|$)/;

/** The page to return to, from a query string such as `?next=/docs/`. Anything but a page of this site is {@link home}. */
export function nextPath(search: string): string {
  const next = new URLSearchParams(search).get('next');
  return next && path.test(next) && !elsewhere.test(next) ? next : home;
}

/** The address of a page that comes back to `from` when it is done. */
export function withNext(to: string, from: string): string {
  return path.test(from) && !elsewhere.test(from) && from !== home ? `${to}?next=${encodeURIComponent(from)}` : to;
}
