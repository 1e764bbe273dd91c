import { type ClientAnswer, type ClientOptions, callClient, type Outcome } from './failure';
import { loadChunk } from './network';
import type { PluginClient } from './pluginClient';

/** Loads and calls the client for sign-in by mail and two-step verification. */
export function callPlugin<T>(
  call: (client: PluginClient, fetchOptions: ClientOptions) => Promise<ClientAnswer<T>>,
): Promise<Outcome<T | null>> {
  return callClient(async (fetchOptions) => {
    const { pluginClient } = await loadChunk(() => import('./pluginClient'));
    return call(pluginClient, { ...fetchOptions, ...withoutSignal });
  });
}

// Its own session is not used, so it need not be fetched.
const withoutSignal = { disableSignal: true };
