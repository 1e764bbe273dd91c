import { createAuthClient } from 'better-auth/client';
import { emailOTPClient, jwtClient, magicLinkClient, twoFactorClient } from 'better-auth/client/plugins';
import { bearerOptions } from './bearer';
import { fetchOrNetworkError } from './network';
import { site } from './site';

/** Better Auth's own client; other comments call it the stock client. No other module imports better-auth. */
export const authClient = createAuthClient({
  ...(site.apiOrigin && { baseURL: site.apiOrigin }),
  plugins: [jwtClient(), magicLinkClient(), emailOTPClient(), twoFactorClient()],
  fetchOptions: {
    customFetchImpl: fetchOrNetworkError,
    ...(site.apiMode === 'bearer' && bearerOptions),
  },
});

export type AuthClient = typeof authClient;
export type Session = AuthClient['$Infer']['Session'];
export type User = Session['user'];
/** One row of list-sessions. */
export type SessionRow = Session['session'];
/** One row of list-accounts. */
export type Account = NonNullable<Awaited<ReturnType<AuthClient['listAccounts']>>['data']>[number];
