// Components of @easyops-cn/docusaurus-search-local, which has no types for them.

declare module '@theme/searchByWorker' {
  import type { Found } from '@site/src/components/SearchResults/hits';

  /** Starts the worker and loads the index. Resolves when both are ready. */
  export function fetchIndexesByWorker(baseUrl: string, context: string): Promise<void>;
  /** Searches the index. The development server has none, so it finds nothing. */
  export function searchByWorker(baseUrl: string, context: string, input: string, limit: number): Promise<Found[]>;
}
