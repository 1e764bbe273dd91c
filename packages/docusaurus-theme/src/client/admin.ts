import type { AdminClient } from './adminClient';
import type { SessionRow } from './authClient';
import { type ClientAnswer, type ClientOptions, callClient, type Outcome } from './failure';
import { loadChunk } from './network';
import { refreshSession } from './sessionStore';
import type { UserQuery } from './userQuery';
import { listParameters } from './userQuery';

/** A user as administrators see them. */
export interface ManagedUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly createdAt: Date;
  readonly role?: string | null | undefined;
  readonly banned?: boolean | null | undefined;
  readonly banReason?: string | null | undefined;
  readonly banExpires?: Date | null | undefined;
  readonly twoFactorEnabled?: boolean | null | undefined;
}

/** One page of the list of users. */
export interface UserPage {
  readonly users: readonly ManagedUser[];
  /** The number of users that the query finds. */
  readonly total: number;
}

/**
 * Loads and calls the client for administrators. If the session has ended, it fetches the session, so that the page
 * asks to sign in.
 */
export async function callAdmin<T>(
  call: (admin: AdminClient['admin'], fetchOptions: ClientOptions, client: AdminClient) => Promise<ClientAnswer<T>>,
): Promise<Outcome<T | null>> {
  const outcome = await callClient(async (fetchOptions) => {
    const { adminClient } = await loadChunk(() => import('./adminClient'));
    return call(adminClient.admin, fetchOptions, adminClient);
  });
  if (outcome.failure?.status === 401) await refreshSession();
  return outcome;
}

/** Loads one page of the list of users. */
export async function listUsers(query: UserQuery): Promise<Outcome<UserPage>> {
  const { data, failure } = await callAdmin((admin, fetchOptions) =>
    admin.listUsers({ query: listParameters(query), fetchOptions }),
  );
  return failure ? { failure } : { data: { users: data?.users ?? [], total: data?.total ?? 0 } };
}

/** Loads one user. */
export async function getUser(id: string): Promise<Outcome<ManagedUser>> {
  const { data, failure } = await callAdmin((admin, fetchOptions) => admin.getUser({ query: { id }, fetchOptions }));
  if (failure) return { failure };
  return data ? { data } : { failure: { code: 'USER_NOT_FOUND', status: 404 } };
}

/** Loads the sessions of a user, the last used first. */
export async function listSessionsOf(userId: string): Promise<Outcome<readonly SessionRow[]>> {
  const { data, failure } = await callAdmin((admin, fetchOptions) => admin.listUserSessions({ userId, fetchOptions }));
  if (failure) return { failure };
  return { data: (data?.sessions ?? []).toSorted((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime()) };
}
