import { useHistory } from '@docusaurus/router';
import { useEffect, useState } from 'react';
import { useSearch } from './useSearch';

/**
 * The token of a link in a mail. `invalid`: the API rejected the link, because it was used or has expired. `none`: the
 * URL has no token. Undefined until the URL has been read.
 */
export type ResetLink = { readonly token: string } | 'invalid' | 'none' | undefined;

/**
 * Reads the token from the URL, and removes it from the URL: the token is a secret, and URLs are kept in the browser's
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
    else if (query.has('error')) setLink('invalid');
    else setLink((read) => read ?? 'none');
    if (search) history.replace(history.location.pathname);
  }, [search, history]);
  return link;
}
