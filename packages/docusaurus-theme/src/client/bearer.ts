// Option `apiMode: 'bearer'`, for an API on another site, whose cookies browsers block. Every script of this site can
// read the token, so cookies are the default.
const sessionTokenKey = 'xenon.session-token';

/** Options of the stock client: it sends the session token in a header, and stores a new token from a response. */
export const bearerOptions = {
  credentials: 'omit',
  auth: { type: 'Bearer', token: () => window.localStorage.getItem(sessionTokenKey) ?? undefined },
  onSuccess: ({ response }: { readonly response: Response }) => {
    const token = response.headers.get('set-auth-token');
    if (token) storeSessionToken(token);
  },
} as const;

/** Keeps the token for the next calls and pages. */
export function storeSessionToken(token: string): void {
  window.localStorage.setItem(sessionTokenKey, token);
}

/** Removes the token, after a sign-out. */
export function forgetSessionToken(): void {
  window.localStorage.removeItem(sessionTokenKey);
}
