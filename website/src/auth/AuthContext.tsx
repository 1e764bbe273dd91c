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
import { ask, loadClient } from './client';
import SessionReader, { type Reading } from './SessionReader';

/** Whether a person is signed in: not known yet, no, yes, or unknown because the server cannot be reached. */
export type AuthState =
  | {
      readonly status: 'pending' | 'signed-out' | 'unreachable';
      readonly user?: undefined;
      readonly session?: undefined;
    }
  | { readonly status: 'signed-in'; readonly user: Session['user']; readonly session: Session['session'] };

export interface Auth {
  readonly state: AuthState;
  /** A JWT for the profile API, from memory; fetched when there is none or 80 % of its lifetime is over. */
  readonly getToken: () => Promise<Outcome<string>>;
  /** Drops the JWT, because the API rejected it. */
  readonly clearToken: () => void;
  /** Asks the server for the session again. */
  readonly refresh: () => Promise<void>;
  /** Ends the session here and, through the client, in every other tab. */
  readonly signOut: () => Promise<Outcome<unknown>>;
}

const Context = createContext<Auth | undefined>(undefined);

// The first page renders and is usable before any authentication code is loaded.
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
  const [reading, setReading] = useState<Reading>();
  const load = useCallback(
    () =>
      loadClient().then(
        (loaded) => setClient(() => loaded), // the client is a function itself, which React would call
        () => setReading({ status: 'unreachable' }),
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
  const userId = reading?.session?.user.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the user clears the token
  useLayoutEffect(() => tokens.clear(), [userId]); // runs before a page asks for a token in its effects

  const read = useCallback((next: Reading, again: () => Promise<void>) => {
    refetch.current = again;
    // While the client fetches the session again, the last session stays: otherwise a form would disappear when its
    // window gets the focus.
    setReading((known) => (known && next.status === 'pending' && !next.session ? known : next));
  }, []);

  // A page from the back/forward cache shows an old session: the one from when the person left the page.
  useEffect(() => {
    const onPageShow = (event: PageTransitionEvent) => {
      if (event.persisted) window.location.reload();
    };
    window.addEventListener('pageshow', onPageShow);
    return () => window.removeEventListener('pageshow', onPageShow);
  }, []);

  const auth = useMemo<Auth>(
    () => ({
      state: stateOf(reading),
      getToken: tokens.get,
      clearToken: tokens.clear,
      refresh: () => refetch.current(),
      signOut: async () => {
        tokens.clear();
        return ask((client, fetchOptions) => client.signOut({ fetchOptions }));
      },
    }),
    [reading, tokens],
  );

  return (
    <Context.Provider value={auth}>
      {children}
      {client && <SessionReader client={client} onRead={read} />}
    </Context.Provider>
  );
}

async function fetchToken(): Promise<Outcome<string>> {
  const { data, failure } = await ask((client, fetchOptions) => client.token({ fetchOptions }));
  return failure ? { failure } : { data: data?.token ?? '' };
}

function stateOf(reading: Reading | undefined): AuthState {
  if (!reading) return { status: 'pending' };
  if (reading.session) return { status: 'signed-in', user: reading.session.user, session: reading.session.session };
  return { status: reading.status };
}

/** The session and the actions on it. Works only below {@link AuthProvider}. */
export function useAuth(): Auth {
  const auth = useContext(Context);
  if (!auth) throw new Error('useAuth needs an AuthProvider above it');
  return auth;
}
