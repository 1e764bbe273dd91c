import { createAuthClient } from 'better-auth/client';
import { emailOTPClient, jwtClient, magicLinkClient, twoFactorClient } from 'better-auth/client/plugins';
import { clientOptions } from './clientOptions';

/** Better Auth's own client; other comments call it the stock client. Only adminClient.ts has another. */
export const authClient = createAuthClient({
  ...clientOptions,
  plugins: [jwtClient(), magicLinkClient(), emailOTPClient(), twoFactorClient()],
});

export type AuthClient = typeof authClient;
type ClientSession = AuthClient['$Infer']['Session'];
/** A person and their session. The last members exist if the server has the plugin admin. */
export interface Session {
  readonly user: ClientSession['user'] & { readonly role?: string | null };
  readonly session: SessionRow & { readonly impersonatedBy?: string | null };
}
export type User = Session['user'];
/** One row of list-sessions. */
export type SessionRow = ClientSession['session'];
/** One row of list-accounts. */
export type Account = NonNullable<Awaited<ReturnType<AuthClient['listAccounts']>>['data']>[number];
