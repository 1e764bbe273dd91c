import type { AuthClient } from '../lib/authClient';
import { type ClientAnswer, type ClientOptions, callClient, type Outcome } from '../lib/failure';

/** Loads the client from its own chunk, so that pages without authentication do not wait for it. */
export async function loadClient(): Promise<AuthClient> {
  const { authClient } = await import('../lib/authClient');
  return authClient;
}

/** Calls the client and returns the outcome. Never throws, not even when the client's chunk cannot be loaded. */
export function callApi<T>(
  call: (client: AuthClient, fetchOptions: ClientOptions) => Promise<ClientAnswer<T>>,
): Promise<Outcome<T | null>> {
  return callClient(async (fetchOptions) => call(await loadClient(), fetchOptions));
}
