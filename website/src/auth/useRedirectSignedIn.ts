import { useHistory } from '@docusaurus/router';
import { useEffect } from 'react';
import type { Failure } from '../lib/failure';
import { nextPath } from '../lib/next';
import { useAuth } from './AuthContext';
import { useSearch } from './useSearch';

/**
 * Sends on who is signed in, to the page that `?next=` names; the page they leave is none to go back to. Returns that
 * page's path.
 */
export function useSendOn(): string {
  const { state } = useAuth();
  const history = useHistory();
  const search = useSearch();
  const next = nextPath(search ?? '');
  useEffect(() => {
    if (search !== undefined && state.status === 'signed-in') history.replace(next);
  }, [search, state.status, history, next]);
  return next;
}

// Who signed in and is still asked to after so many milliseconds has a browser that keeps no cookie of ours.
const patience = 8_000;

/** What a form returns after a sign-in that succeeded: a failure, if it still stands there when everything should be over. */
export async function cookiesBlocked(): Promise<Failure> {
  await new Promise((resolve) => window.setTimeout(resolve, patience));
  return { code: 'COOKIES_BLOCKED', status: 0 };
}
