import type { Account } from './authClient';
import { callAuth } from './callAuth';
import type { Outcome } from './failure';
import { createResource } from './resource';
import { passwordProvider } from './signInMethods';

const resource = createResource(loadAccounts);

/**
 * The accounts with which a user can sign in: the password, and one for each linked provider. Undefined while they are
 * loading. With `mayLoad` false, for a user without a session, the hook loads nothing and returns only accounts that
 * are loaded already.
 */
export function useAccounts(userId: string | undefined, mayLoad = true): Outcome<readonly Account[]> | undefined {
  return resource.useOutcome(userId, mayLoad);
}

/** Loads the accounts of a user again. */
export function reloadAccounts(userId: string): Promise<Outcome<readonly Account[]>> {
  return resource.reload(userId);
}

/** Whether a user has a password. Undefined when that is not known. */
export function useHasPassword(userId: string | undefined, mayLoad = true): boolean | undefined {
  return useAccounts(userId, mayLoad)?.data?.some(({ providerId }) => providerId === passwordProvider);
}

async function loadAccounts(): Promise<Outcome<readonly Account[]>> {
  const { data, failure } = await callAuth((client, fetchOptions) => client.listAccounts({ fetchOptions }));
  return failure ? { failure } : { data: data ?? [] };
}
