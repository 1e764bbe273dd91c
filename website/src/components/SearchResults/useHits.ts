import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import { fetchIndexesByWorker, searchByWorker } from '@theme/searchByWorker';
import { useEffect, useState } from 'react';
import { type Hit, hitOf } from './hits';

/** The results for a query. */
export type Hits = {
  /** Whether the index is loaded, and whether `hits` are the results for the query and not for an earlier one. */
  readonly state: 'loading' | 'failed' | 'searching' | 'done';
  readonly hits: readonly Hit[];
};

/** Loads the index of the search, then searches it in a worker. `limit` is the maximum number of results. */
export function useHits(query: string, limit: number): Hits {
  const { baseUrl } = useDocusaurusContext().siteConfig;
  const [index, setIndex] = useState<'loading' | 'failed' | 'ready'>('loading');
  const [result, setResult] = useState<{ readonly query: string; readonly hits: readonly Hit[] }>();
  useEffect(() => {
    let isCurrent = true;
    const set = (state: typeof index) => {
      if (isCurrent) setIndex(state);
    };
    fetchIndexesByWorker(baseUrl, '').then(
      () => set('ready'),
      () => set('failed'),
    );
    return () => {
      isCurrent = false;
    };
  }, [baseUrl]);
  useEffect(() => {
    if (index !== 'ready') return;
    let isCurrent = true;
    void searchByWorker(baseUrl, '', query, limit).then((found) => {
      if (isCurrent) setResult({ query, hits: found.map(hitOf) });
    });
    return () => {
      isCurrent = false;
    };
  }, [baseUrl, index, query, limit]);
  const hits = result?.hits ?? [];
  if (index !== 'ready') return { state: index, hits };
  return { state: result?.query === query ? 'done' : 'searching', hits };
}
