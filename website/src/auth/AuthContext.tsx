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

/** Who is there: not known yet, nobody, somebody, or not to be known because the server cannot be reached. */
export type AuthState =
  | {
      readonly status: 'pending' | 'signed-out' | 'unreachable';
      readonly user?: undefined;
      readonly session?: undefined;
    }
  | { readonly status: 'signed-in'; readonly user: Session['user']; readonly session: Session['session'] };

export interface Auth {
  readonly state: AuthState;
  /** A JWT for the profile API, from memory; fetched when there is none or 80 % of its life is over. */
  readonly getToken: () => Promise<Outcome<string>>;
  /** Forgets the JWT, because it was refused. */
  readonly clearToken: () => void;
  /** Asks the server again who is there. */
  readonly refresh: () => Promise<void>;
  /** Ends the session here and, through the client, in every other tab. */
  readonly signOut: () => Promise<Outcome<unknown>>;
}

const Context = createContext<Auth | undefined>(undefined);

// The first page is drawn and can be used before anything of authentication is loaded.
function whenIdle(run: () => void): () => void {
  if (typeof window.requestIdleCallback !== 'function') {
    const timer = window.setTimeout(run, 1);
    return () => window.clearTimeout(timer);
  }
  const handle = window.requestIdleCallback(run, { timeout: 500 });
  return () => window.cancelIdleCallback(handle);
}

/** Knows who is signed in, for the whole site. It always draws its children: nobody waits for a session to read. */
export function AuthProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [client, setClient] = useState<AuthClient>();
  const [reading, setReading] = useState<Reading>();
  const load = useCallback(
    () =>
      loadClient().then(
        (loaded) => setClient(() => loaded), // itself a function, which React would call
        () => setReading({ status: 'unreachable' }),
      ),
    [],
  );
  const refetch = useRef(load);
  useEffect(() => whenIdle(load), [load]);
  // The client asks again by itself when the network comes back, but it has to be there for that.
  useEffect(() => {
    if (client) return;
    window.addEventListener('online', load);
    return () => window.removeEventListener('online', load);
  }, [client, load]);

  const [tokens] = useState(() => tokenStore(fetchToken));
  const userId = reading?.session?.user.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another person, another token
  useLayoutEffect(() => tokens.clear(), [userId]); // before any page asks for one in its effects

  const read = useCallback((next: Reading, again: () => Promise<void>) => {
    refetch.current = again;
    // While the client asks again, what was known stays: no form vanishes because its window got the focus.
    setReading((known) => (known && next.status === 'pending' && !next.session ? known : next));
  }, []);

  // A page that comes back from the browser's memory shows what was true when it was left.
  useEffect(() => {
    const back = (event: PageTransitionEvent) => {
      if (event.persisted) window.location.reload();
    };
    window.addEventListener('pageshow', back);
    return () => window.removeEventListener('pageshow', back);
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

/** Who is signed in, and what can be done about it. Only below {@link AuthProvider}. */
export function useAuth(): Auth {
  const auth = useContext(Context);
  if (!auth) throw new Error('useAuth needs an AuthProvider above it');
  return auth;
}
