import { useHistory } from '@docusaurus/router';
import { useEffect, useState } from 'react';
import { forgetProvider } from './lastProvider';
import { useSearch } from './useSearch';

/** The result of a sign-in or a link at a provider, from the query of the page to which the API redirects. */
export interface ProviderResult {
  /** The id of the provider. The page where the sign-in or link began put it into the callback URL. */
  readonly provider: string | null;
  /** The code of the error; null when an account was linked. */
  readonly error: string | null;
}

// `provider` and `linked` come from social.ts, `error` and `error_description` from the API.
const resultParameters = ['provider', 'linked', 'error', 'error_description'];

/**
 * Reads the result from the URL and removes it from the URL, so that it is not shown again after a reload. Undefined if
 * the URL has no result, and until it has been read.
 */
export function useProviderResult(): ProviderResult | undefined {
  const search = useSearch();
  const history = useHistory();
  const [result, setResult] = useState<ProviderResult>();
  useEffect(() => {
    const query = new URLSearchParams(search);
    const error = query.get('error');
    // No result, or the result of a link in a mail.
    if (query.has('email') || (error === null && !query.has('linked'))) return;
    setResult({ provider: query.get('provider'), error });
    if (error !== null) forgetProvider();
    for (const name of resultParameters) query.delete(name);
    const { pathname, hash } = history.location;
    history.replace({ pathname, hash, search: query.toString() });
  }, [search, history]);
  return result;
}
