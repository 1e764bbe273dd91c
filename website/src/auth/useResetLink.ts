import { useHistory } from '@docusaurus/router';
import { useEffect, useState } from 'react';
import { useSearch } from './useSearch';

/** The result of reading a mail's link; undefined until the URL has been read. */
export type ResetLink = { readonly token: string } | 'used' | 'none' | undefined;

/**
 * Reads the token from the URL, and removes it from there: the token is a secret, and URLs are kept in the browser's
 * history, copied and shared.
 */
export function useResetLink(): ResetLink {
  const search = useSearch();
  const history = useHistory();
  const [link, setLink] = useState<ResetLink>();
  useEffect(() => {
    if (search === undefined) return;
    const query = new URLSearchParams(search);
    const token = query.get('token');
    if (token) setLink({ token });
    else if (query.has('error')) setLink('used');
    else setLink((read) => read ?? 'none');
    if (search) history.replace(history.location.pathname);
  }, [search, history]);
  return link;
}
