import { useLocation } from '@docusaurus/router';
import { useSyncExternalStore } from 'react';

/**
 * The query string of the page's URL, `''` when there is none. Undefined during hydration, since the static HTML was
 * built without a query.
 */
export function useSearch(): string | undefined {
  const { search } = useLocation();
  return useSyncExternalStore(
    subscribeToNothing,
    () => search,
    () => undefined,
  );
}

// The router renders again when the URL changes, so no subscription is needed.
function subscribeToNothing(): () => void {
  return () => {};
}
