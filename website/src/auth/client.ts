import type { AuthClient } from '../lib/authClient';
import { attempt, type ClientAnswer, type ClientOptions, type Outcome } from '../lib/failure';

/** The client, from a file of its own that pages without authentication need not wait for. */
export async function loadClient(): Promise<AuthClient> {
  const { authClient } = await import('../lib/authClient');
  return authClient;
}

/** Calls the client and says what it came to. Never throws, not even when the client's own file cannot be loaded. */
export function ask<T>(
  call: (client: AuthClient, fetchOptions: ClientOptions) => Promise<ClientAnswer<T>>,
): Promise<Outcome<T | null>> {
  return attempt(async (fetchOptions) => call(await loadClient(), fetchOptions));
}
