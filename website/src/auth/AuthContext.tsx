import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { AuthClient, Session } from '../lib/authClient';
import type { Outcome } from '../lib/failure';
import { tokenStore } from '../lib/jwt';
import { callApi, loadClient } from './client';
import SessionReader, { type SessionState } from './SessionReader';

/**
 * Whether a person is signed in. `pending`: not known yet. `unreachable`: not known, because the server does not
 * answer.
 */
export type AuthState =
  | {
      readonly status: 'pending' | 'signed-out' | 'unreachable';
      readonly user?: undefined;
      readonly session?: undefined;
    }
  | { readonly status: 'signed-in'; readonly user: Session['user']; readonly session: Session['session'] };

export interface Auth {
  readonly state: AuthState;
  /** A JWT for the profile API, from memory. Fetched when there is none, or when 80 % of its lifetime has passed. */
  readonly getToken: () => Promise<Outcome<string>>;
  /** Drops the JWT, because the API rejected it. */
  readonly clearToken: () => void;
  /** Fetches the session again. */
  readonly refresh: () => Promise<void>;
  /** Signs out. The client then also updates all other tabs. */
  readonly signOut: () => Promise<Outcome<unknown>>;
}

const Context = createContext<Auth | undefined>(undefined);

// Runs `run` when the browser is idle, so that the first page is usable before the authentication code is loaded.
function whenIdle(run: () => void): () => void {
  if (typeof window.requestIdleCallback !== 'function') {
    const timer = window.setTimeout(run, 1);
    return () => window.clearTimeout(timer);
  }
  const handle = window.requestIdleCallback(run, { timeout: 500 });
  return () => window.cancelIdleCallback(handle);
}

/** Provides the session to the whole site. It always renders its children, because most pages need no session. */
export function AuthProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [client, setClient] = useState<AuthClient>();
  const [sessionState, setSessionState] = useState<SessionState>();
  const load = useCallback(
    () =>
      loadClient().then(
        (loaded) => setClient(() => loaded), // the client is a function itself, which React would call
        () => setSessionState({ status: 'unreachable' }),
      ),
    [],
  );
  const refetch = useRef(load);
  useEffect(() => whenIdle(load), [load]);
  // A loaded client fetches the session again when the network comes back. This effect loads a missing client.
  useEffect(() => {
    if (client) return;
    window.addEventListener('online', load);
    return () => window.removeEventListener('online', load);
  }, [client, load]);

  const [tokens] = useState(() => tokenStore(fetchToken));
  const userId = sessionState?.session?.user.id;
  // A layout effect runs before the effects in which a page gets a token.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the user clears the token
  useLayoutEffect(() => tokens.clear(), [userId]);

  const onRead = useCallback((next: SessionState, refetchSession: () => Promise<void>) => {
    refetch.current = refetchSession;
    // While the client fetches the session again, the last session stays. Otherwise a form would disappear each
    // time the window gets the focus, because the client then fetches the session.
    setSessionState((known) => (known && next.status === 'pending' && !next.session ? known : next));
  }, []);

  // A page from the back/forward cache shows the session from when the person left it, so the page is reloaded.
  useEffect(() => {
    const onPageShow = (event: PageTransitionEvent) => {
      if (event.persisted) window.location.reload();
    };
    window.addEventListener('pageshow', onPageShow);
    return () => window.removeEventListener('pageshow', onPageShow);
  }, []);

  const auth = useMemo<Auth>(
    () => ({
      state: stateOf(sessionState),
      getToken: tokens.get,
      clearToken: tokens.clear,
      refresh: () => refetch.current(),
      signOut: async () => {
        tokens.clear();
        return callApi((client, fetchOptions) => client.signOut({ fetchOptions }));
      },
    }),
    [sessionState, tokens],
  );

  return (
    <Context.Provider value={auth}>
      {children}
      {client && <SessionReader client={client} onRead={onRead} />}
    </Context.Provider>
  );
}

async function fetchToken(): Promise<Outcome<string>> {
  const { data, failure } = await callApi((client, fetchOptions) => client.token({ fetchOptions }));
  return failure ? { failure } : { data: data?.token ?? '' };
}

function stateOf(read: SessionState | undefined): AuthState {
  if (!read) return { status: 'pending' };
  if (read.session) return { status: 'signed-in', user: read.session.user, session: read.session.session };
  return { status: read.status };
}

/** The session and the actions on it. Works only below {@link AuthProvider}. */
export function useAuth(): Auth {
  const auth = useContext(Context);
  if (!auth) throw new Error('useAuth needs an AuthProvider above it');
  return auth;
}
