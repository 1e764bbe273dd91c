import { useEffect } from 'react';
import type { AuthClient, Session } from '../lib/authClient';

/** What the client knows of the session. */
export interface Reading {
  readonly status: 'pending' | 'signed-out' | 'unreachable';
  readonly session?: Session;
}

interface Props {
  readonly client: AuthClient;
  readonly onRead: (reading: Reading, refetch: () => Promise<void>) => void;
}

/** Reads the session off the client, whose hook can only be called once the client is loaded. Draws nothing. */
export default function SessionReader({ client, onRead }: Props): null {
  const { data, error, isPending, refetch } = client.useSession();
  useEffect(() => {
    const status = isPending ? 'pending' : error && error.status !== 401 ? 'unreachable' : 'signed-out';
    // Where no API stands behind the site, a page can come back for a session.
    onRead({ status, ...(data?.user && data.session && { session: data }) }, () => refetch());
  }, [data, error, isPending, refetch, onRead]);
  return null;
}
