import { createAuthClient } from 'better-auth/client';
import { jwtClient } from 'better-auth/client/plugins';
import { clientOptions } from './clientOptions';

/** Better Auth's own client; other comments call it the stock client. There are others for plugins. */
export const authClient = createAuthClient({
  ...clientOptions,
  plugins: [jwtClient()],
});

export type AuthClient = typeof authClient;
type ClientSession = AuthClient['$Infer']['Session'];
/** A person and their session. The members that are added here exist if the server has the plugins. */
export interface Session {
  readonly user: ClientSession['user'] & { readonly role?: string | null; readonly twoFactorEnabled?: boolean | null };
  readonly session: SessionRow & { readonly impersonatedBy?: string | null };
}
export type User = Session['user'];
/** One row of list-sessions. */
export type SessionRow = ClientSession['session'];
/** One row of list-accounts. */
export type Account = NonNullable<Awaited<ReturnType<AuthClient['listAccounts']>>['data']>[number];
