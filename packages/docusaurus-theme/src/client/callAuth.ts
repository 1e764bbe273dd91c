import type { AuthClient } from './authClient';
import { type ClientAnswer, type ClientOptions, callClient, type Outcome } from './failure';
import { loadClient } from './loadClient';

/** Loads and calls the stock client. No response, or a client that cannot be loaded, is a failure, not an exception. */
export function callAuth<T>(
  call: (client: AuthClient, fetchOptions: ClientOptions) => Promise<ClientAnswer<T>>,
): Promise<Outcome<T | null>> {
  return callClient(async (fetchOptions) => call(await loadClient(), fetchOptions));
}
