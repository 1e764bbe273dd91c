import type { AuthClient } from './authClient';
import { loadChunk } from './network';

/** Loads the client from its own chunk, so that pages without authentication do not wait for it. */
export async function loadClient(): Promise<AuthClient> {
  const { authClient } = await loadChunk(() => import('./authClient'));
  return authClient;
}
