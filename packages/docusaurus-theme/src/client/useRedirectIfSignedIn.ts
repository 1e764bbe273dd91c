import { useHistory } from '@docusaurus/router';
import { useEffect } from 'react';
import { type Failure, offlineFailure } from './failure';
import { nextPath } from './next';
import { refreshSession, useSession } from './sessionStore';
import { useSearch } from './useSearch';

/**
 * Redirects a person who is signed in to the page that `?next=` names, and replaces the current page in the history.
 * Returns that page's path.
 */
export function useRedirectIfSignedIn(): string {
  const { status } = useSession();
  const history = useHistory();
  const search = useSearch();
  const next = nextPath(search ?? '');
  useEffect(() => {
    if (search !== undefined && status === 'signed-in') history.replace(next);
  }, [search, status, history, next]);
  return next;
}

/**
 * Fetches the session after a successful sign-in, so that useRedirectIfSignedIn opens the next page. If the server
 * knows no session, the browser has not kept the cookie. The call that signs in has the option `disableSignal`, so the
 * client itself fetches nothing.
 */
export async function confirmSession(): Promise<Failure | undefined> {
  const { status } = await refreshSession();
  if (status === 'signed-out') return { code: 'COOKIES_BLOCKED', status: 0 };
  return status === 'unreachable' ? offlineFailure : undefined;
}
