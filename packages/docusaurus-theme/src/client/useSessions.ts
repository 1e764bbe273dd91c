import { useCallback, useEffect, useRef, useState } from 'react';
import type { SessionRow } from './authClient';
import { callAuth } from './callAuth';
import type { Failure, Outcome } from './failure';

/** The sessions of a person, and the actions on them. */
export interface Sessions {
  /** The session of this device first, then the others by last use. Undefined while they are loading. */
  readonly rows: readonly SessionRow[] | undefined;
  /** Why the sessions could not be loaded. */
  readonly failure: Failure | undefined;
  readonly load: () => Promise<Outcome<unknown>>;
  readonly end: (session: SessionRow) => Promise<Outcome<unknown>>;
  readonly endOthers: () => Promise<Outcome<unknown>>;
}

/** Loads the person's sessions. `current` is the token of this device's session; another token loads them again. */
export function useSessions(current: string): Sessions {
  const [rows, setRows] = useState<readonly SessionRow[]>();
  const [failure, setFailure] = useState<Failure>();
  const request = useRef<symbol>(undefined);
  const load = useCallback(async () => {
    const own = Symbol();
    request.current = own;
    const outcome = await callAuth((client, fetchOptions) => client.listSessions({ fetchOptions }));
    if (request.current !== own) return outcome; // there is a later request, or the component is gone
    setFailure(outcome.failure);
    if (!outcome.failure) setRows(sortSessions(outcome.data ?? [], current));
    return outcome;
  }, [current]);
  useEffect(() => {
    void load();
    return () => {
      request.current = undefined;
    };
  }, [load]);
  return {
    rows,
    failure,
    load,
    end: async ({ token }) => {
      const outcome = await callAuth((client, fetchOptions) => client.revokeSession({ token, fetchOptions }));
      if (!outcome.failure) setRows((known) => known?.filter((row) => row.token !== token));
      return outcome;
    },
    endOthers: async () => {
      const outcome = await callAuth((client, fetchOptions) => client.revokeOtherSessions({ fetchOptions }));
      if (!outcome.failure) setRows((known) => known?.filter((row) => row.token === current));
      return outcome;
    },
  };
}

function sortSessions(rows: readonly SessionRow[], current: string): SessionRow[] {
  const rankOfThisDevice = (row: SessionRow) => Number(row.token === current);
  return [...rows].sort(
    (a, b) => rankOfThisDevice(b) - rankOfThisDevice(a) || b.updatedAt.getTime() - a.updatedAt.getTime(),
  );
}
