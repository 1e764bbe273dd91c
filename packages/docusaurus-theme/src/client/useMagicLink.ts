import { useHistory } from '@docusaurus/router';
import { useEffect, useState } from 'react';
import { nextPath } from './next';
import { useSearch } from './useSearch';

/** A link to sign in, as the mail contains it. */
export interface MagicLink {
  /** Null if the URL has none. */
  readonly token: string | null;
  /** The page to open after the sign-in. */
  readonly next: string;
}

/**
 * Reads the link from the URL and removes it from the URL: the token is a secret, and URLs are kept in the browser's
 * history. Undefined until the URL has been read.
 */
export function useMagicLink(): MagicLink | undefined {
  const search = useSearch();
  const history = useHistory();
  const [link, setLink] = useState<MagicLink>();
  useEffect(() => {
    if (search === undefined) return;
    const query = new URLSearchParams(search);
    const token = query.get('token');
    const read = { token, next: nextPath(`?next=${encodeURIComponent(pathOf(query.get('callbackURL')))}`) };
    setLink((known) => (token === null && known ? known : read));
    if (search) history.replace(history.location.pathname);
  }, [search, history]);
  return link;
}

/** The path of a URL of this site. Other URLs are not opened: nextPath rejects them. */
function pathOf(url: string | null): string {
  const { origin } = window.location;
  return url?.startsWith(`${origin}/`) ? url.slice(origin.length) : (url ?? '');
}
