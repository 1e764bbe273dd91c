import type { AuthClient } from './authClient';
import { type ClientAnswer, type ClientOptions, callClient, type Outcome } from './failure';
import { loadClient } from './loadClient';

/** Calls the client and returns the outcome. Without a response, or without the client's chunk, it is a failure. */
export function callAuth<T>(
  call: (client: AuthClient, fetchOptions: ClientOptions) => Promise<ClientAnswer<T>>,
): Promise<Outcome<T | null>> {
  return callClient(async (fetchOptions) => call(await loadClient(), fetchOptions));
}
