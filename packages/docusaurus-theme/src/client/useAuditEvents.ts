import { useCallback, useEffect, useRef, useState } from 'react';
import { type AuditEvent, listAuditEvents } from './auditEvents';
import type { Failure } from './failure';

interface State {
  readonly events: readonly AuditEvent[];
  /** Of the next page. Undefined before the first page and after the last one. */
  readonly cursor: string | undefined;
  readonly hasLoaded: boolean;
  readonly failure: Failure | undefined;
}

/** The audit events of a user that are loaded up to now. */
export interface AuditEvents extends State {
  readonly isLoading: boolean;
  /** Loads the next page, or the first one again after a failure. Returns whether it was the last page. */
  readonly loadMore: () => Promise<boolean>;
}

const nothing: State = { events: [], cursor: undefined, hasLoaded: false, failure: undefined };

// The server searches a part of the log for each page, so a page can be empty although there are more events.
const maxEmptyPages = 4;

/** Loads the newest audit events of a user, and more of them on demand. */
export function useAuditEvents(userId: string): AuditEvents {
  const [state, setState] = useState(nothing);
  const [isLoading, setLoading] = useState(true);
  const request = useRef<symbol>(undefined);
  const load = useCallback(
    async (before: State) => {
      const own = Symbol();
      request.current = own;
      setLoading(true);
      const after = await loadPage(userId, before);
      if (request.current !== own) return false; // there is a later request, or the component is gone
      setState(after);
      setLoading(false);
      return after.failure === undefined && after.cursor === undefined;
    },
    [userId],
  );
  useEffect(() => {
    setState(nothing);
    void load(nothing);
    return () => {
      request.current = undefined;
    };
  }, [load]);
  return { ...state, isLoading, loadMore: () => load(state) };
}

async function loadPage(userId: string, before: State): Promise<State> {
  let { cursor } = before;
  for (let emptyPages = 0; ; emptyPages++) {
    const { data, failure } = await listAuditEvents(userId, cursor);
    if (failure) return { ...before, cursor, failure };
    cursor = data.cursor;
    if (data.events.length > 0 || cursor === undefined || emptyPages === maxEmptyPages)
      return { events: [...before.events, ...data.events], cursor, hasLoaded: true, failure: undefined };
  }
}
