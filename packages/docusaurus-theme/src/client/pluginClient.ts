import { createAuthClient } from 'better-auth/client';
import { emailOTPClient, magicLinkClient, twoFactorClient } from 'better-auth/client/plugins';
import { clientOptions } from './clientOptions';

/**
 * A stock client with the plugins of sign-in by mail and two-step verification. It has a chunk of its own, because
 * every page loads authClient. It does not know the session: after its calls, refreshSession() fetches it.
 */
export const pluginClient = createAuthClient({
  ...clientOptions,
  plugins: [magicLinkClient(), emailOTPClient(), twoFactorClient()],
});

export type PluginClient = typeof pluginClient;
