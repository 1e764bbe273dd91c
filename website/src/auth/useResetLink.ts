import { useHistory } from '@docusaurus/router';
import { useEffect, useState } from 'react';
import { useSearch } from './useSearch';

/** What a reset mail's link brought along; undefined until the address has been read. */
export type ResetLink = { readonly token: string } | 'used' | 'none' | undefined;

/**
 * Reads the token off the address, and takes it out of there: it is a key, and addresses are kept in histories, copied and
 * shown to others.
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
