import { useHistory } from '@docusaurus/router';
import { useEffect, useState } from 'react';
import { forgetProvider } from '../lib/lastProvider';
import { useSearch } from './useSearch';

/** The result of a visit to a provider, from the query of the page to which the API has redirected. */
export interface ProviderResult {
  /** The id of the provider, as the page that started the visit wrote it into the URL. */
  readonly provider: string | null;
  /** The code of the error; null when an account was linked. */
  readonly error: string | null;
}

// The parameters of the pages that start a visit, and of the API.
const parameters = ['provider', 'linked', 'error', 'error_description'];

/**
 * Reads the result from the URL and removes it from there, so that it is not shown again after a reload. Undefined when
 * the browser does not come from a provider, or the URL has not been read.
 */
export function useProviderResult(): ProviderResult | undefined {
  const search = useSearch();
  const history = useHistory();
  const [result, setResult] = useState<ProviderResult>();
  useEffect(() => {
    const query = new URLSearchParams(search);
    const error = query.get('error');
    if (query.has('email') || (error === null && !query.has('linked'))) return; // no result, or one of a mailed link
    setResult({ provider: query.get('provider'), error });
    if (error !== null) forgetProvider();
    for (const name of parameters) query.delete(name);
    const { pathname, hash } = history.location;
    history.replace({ pathname, hash, search: query.toString() });
  }, [search, history]);
  return result;
}
