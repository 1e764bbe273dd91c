import { createAuthClient } from 'better-auth/client';
import { adminClient as adminPlugin } from 'better-auth/client/plugins';
import { clientOptions } from './clientOptions';

/** A stock client with the plugin for administrators. It has a chunk of its own, which only administrators load. */
export const adminClient = createAuthClient({ ...clientOptions, plugins: [adminPlugin()] });

export type AdminClient = typeof adminClient;
