import { useEffect, useSyncExternalStore } from 'react';
import type { Outcome } from './failure';

/** Data that is loaded once for each key, for all components. */
export interface Resource<T> {
  /**
   * The data, or why it could not be loaded. Undefined while it is loading, during hydration, and without a key. After
   * a failure, the next component that uses the hook loads the data again. With `mayLoad` false, the hook loads nothing
   * and returns only data that another component has loaded.
   */
  readonly useOutcome: (key: string | undefined, mayLoad?: boolean) => Outcome<T> | undefined;
  /** Loads the data again. Components show the last outcome until the new one arrives. */
  readonly reload: (key: string) => Promise<Outcome<T>>;
}

/** Creates a resource. `load` must return a failure instead of rejecting. */
export function createResource<T>(load: () => Promise<Outcome<T>>): Resource<T> {
  const outcomes = new Map<string, Outcome<T>>();
  const requests = new Map<string, Promise<Outcome<T>>>();
  const listeners = new Set<() => void>();
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const reload = (key: string) => {
    const request = load().then((outcome) => {
      if (requests.get(key) !== request) return outcome; // there is a later request
      requests.delete(key);
      outcomes.set(key, outcome);
      for (const listener of listeners) listener();
      return outcome;
    });
    requests.set(key, request);
    return request;
  };
  const isMissing = (key: string) => !requests.has(key) && !outcomes.get(key)?.data;
  return {
    useOutcome: (key, mayLoad = true) => {
      useEffect(() => {
        if (mayLoad && key !== undefined && isMissing(key)) void reload(key);
      }, [key, mayLoad]);
      return useSyncExternalStore(
        subscribe,
        () => (key === undefined ? undefined : outcomes.get(key)),
        () => undefined,
      );
    },
    reload,
  };
}
