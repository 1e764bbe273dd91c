import { useLocation } from '@docusaurus/router';
import { useSyncExternalStore } from 'react';

/**
 * The query string of the page's address, `''` when there is none. Undefined while the first page is still the static
 * HTML, which was made without knowing it.
 */
export function useSearch(): string | undefined {
  const { search } = useLocation();
  return useSyncExternalStore(
    never,
    () => search,
    () => undefined,
  );
}

// The router draws again when the address changes; there is nothing else to listen to.
function never(): () => void {
  return () => {};
}
