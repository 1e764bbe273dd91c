import { useHistory } from '@docusaurus/router';
import { useEffect } from 'react';
import type { Failure } from '../lib/failure';
import { nextPath } from '../lib/next';
import { useAuth } from './AuthContext';
import { useSearch } from './useSearch';

/**
 * Redirects a person who is signed in to the page that `?next=` names, and replaces the current page in the history.
 * Returns that page's path.
 */
export function useRedirectSignedIn(): string {
  const { state } = useAuth();
  const history = useHistory();
  const search = useSearch();
  const next = nextPath(search ?? '');
  useEffect(() => {
    if (search !== undefined && state.status === 'signed-in') history.replace(next);
  }, [search, state.status, history, next]);
  return next;
}

// Milliseconds. If the form is still shown this long after a successful sign-in, the browser blocks cookies.
const cookieTimeout = 8_000;

/** Waits after a successful sign-in, and then returns a failure. Normally the page has changed before. */
export async function cookiesBlocked(): Promise<Failure> {
  await new Promise((resolve) => window.setTimeout(resolve, cookieTimeout));
  return { code: 'COOKIES_BLOCKED', status: 0 };
}
