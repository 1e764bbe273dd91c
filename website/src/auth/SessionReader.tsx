import { useEffect } from 'react';
import type { AuthClient, Session } from '../lib/authClient';

/** What the client knows about the session. */
export interface SessionState {
  readonly status: 'pending' | 'signed-out' | 'unreachable';
  readonly session?: Session;
}

interface Props {
  readonly client: AuthClient;
  readonly onRead: (state: SessionState, refetch: () => Promise<void>) => void;
}

/** Reads the session from the client, whose hook can only be called after the client is loaded. Renders nothing. */
export default function SessionReader({ client, onRead }: Props): null {
  const { data, error, isPending, refetch } = client.useSession();
  useEffect(() => {
    const status = isPending ? 'pending' : error && error.status !== 401 ? 'unreachable' : 'signed-out';
    // On a site without an API, the answer can be an HTML page instead of a session.
    onRead({ status, ...(data?.user && data.session && { session: data }) }, () => refetch());
  }, [data, error, isPending, refetch, onRead]);
  return null;
}
