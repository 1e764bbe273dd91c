import { jwtClient } from 'better-auth/client/plugins';
import { createAuthClient } from 'better-auth/react';

/** The stock client for the API on the site's own origin. The only module that imports better-auth. */
export const authClient = createAuthClient({ plugins: [jwtClient()] });

export type AuthClient = typeof authClient;
export type Session = AuthClient['$Infer']['Session'];
export type User = Session['user'];
/** One row of list-sessions. */
export type SessionRow = Session['session'];
/** One row of list-accounts. */
export type Account = NonNullable<Awaited<ReturnType<AuthClient['listAccounts']>>['data']>[number];
