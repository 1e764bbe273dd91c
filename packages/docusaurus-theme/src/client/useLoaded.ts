import { useCallback, useEffect, useRef, useState } from 'react';
import type { Outcome } from './failure';

/** Data that a component has loaded. */
export interface Loaded<T> {
  /** Undefined while it is loading for the first time. After that, the last outcome until the new one arrives. */
  readonly outcome: Outcome<T> | undefined;
  readonly isLoading: boolean;
  readonly reload: () => Promise<Outcome<T>>;
}

/** Loads data when the component appears, and again when `load` changes; `load` must be stable between renders. */
export function useLoaded<T>(load: () => Promise<Outcome<T>>): Loaded<T> {
  const [outcome, setOutcome] = useState<Outcome<T>>();
  const [isLoading, setLoading] = useState(true);
  const request = useRef<symbol>(undefined);
  const reload = useCallback(async () => {
    const own = Symbol();
    request.current = own;
    setLoading(true);
    const loaded = await load();
    if (request.current !== own) return loaded; // there is a later request, or the component is gone
    setOutcome(loaded);
    setLoading(false);
    return loaded;
  }, [load]);
  useEffect(() => {
    void reload();
    return () => {
      request.current = undefined;
    };
  }, [reload]);
  return { outcome, isLoading, reload };
}
