import { useSyncExternalStore } from 'react';
import type { AuthClient, Session } from './authClient';
import { forgetSessionToken } from './bearer';
import { callAuth } from './callAuth';
import type { Outcome } from './failure';
import { createTokenStore } from './jwt';
import { loadClient } from './loadClient';
import { NetworkError } from './network';
import { site } from './site';

/**
 * Whether a person is signed in. `pending`: not known yet. `unreachable`: not known, because the server does not
 * answer or answers with an error.
 */
export type SessionState =
  | {
      readonly status: 'pending' | 'signed-out' | 'unreachable';
      readonly user?: undefined;
      readonly session?: undefined;
    }
  | { readonly status: 'signed-in'; readonly user: Session['user']; readonly session: Session['session'] };

// One store for the whole page. React reads it with useSyncExternalStore, so no component has to be above the others.
const pendingState: SessionState = { status: 'pending' };
let state: SessionState = pendingState;
const listeners = new Set<() => void>();
const tokens = createTokenStore(fetchToken);
let clientConnection: Promise<AuthClient> | undefined;
let earlierSignIn: Promise<unknown> | undefined;

/** The session of the person who visits the site. `pending` in the static HTML and during hydration. */
export function useSession(): SessionState {
  return useSyncExternalStore(subscribe, currentSession, () => pendingState);
}

/** The session now, for code outside components. */
export function currentSession(): SessionState {
  return state;
}

/** A JWT for APIs, from memory. Fetched when there is none, or when 80 % of its lifetime has passed. */
export function getToken(): Promise<Outcome<string>> {
  return tokens.get();
}

/** Drops the JWT, because an API rejected it. */
export function clearToken(): void {
  tokens.clear();
}

/** Fetches the session again, and returns the new state. Its status is `unreachable` if that fails. */
export async function refreshSession(): Promise<SessionState> {
  const client = await connectClient();
  if (!client) return state;
  await client.useSession.get().refetch();
  await waitUntilSessionIsRead(client);
  return state;
}

/** Signs out. The client then also updates all other tabs. */
export async function signOut(): Promise<Outcome<unknown>> {
  tokens.clear();
  const outcome = await callAuth((client, fetchOptions) => client.signOut({ fetchOptions }));
  if (!outcome.failure && site.apiMode === 'bearer') forgetSessionToken();
  return outcome;
}

/**
 * Starts to read the session when the browser is idle, so that the first page is usable earlier. If a sign-in is under
 * way, the session is pending until it has ended.
 */
export function startSession(signIn?: Promise<unknown>): void {
  earlierSignIn = signIn?.catch(console.error); // a fault of it must not hide the session
  runWhenIdle(connectClient);
  // A loaded client fetches the session again when the network comes back. This loads a missing client.
  window.addEventListener('online', connectClient);
  // A page from the back/forward cache shows the session from when the person left it. The page of a person who was
  // signed in is loaded again, because it can contain their data.
  window.addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    if (state.status === 'signed-in') window.location.reload();
    else void refreshSession();
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function setState(next: SessionState): void {
  if (next.user?.id !== state.user?.id) tokens.clear();
  state = next;
  for (const listener of listeners) listener();
}

/** Loads the client once and reads its session from then on. Undefined if the client cannot be loaded now. */
async function connectClient(): Promise<AuthClient | undefined> {
  clientConnection ??= Promise.all([loadClient(), earlierSignIn]).then(([client]) => {
    client.useSession.subscribe(readClientSession);
    return client;
  });
  try {
    return await clientConnection;
  } catch (error) {
    clientConnection = undefined;
    setState({ status: 'unreachable' });
    if (error instanceof NetworkError) return undefined;
    throw error;
  }
}

type ClientSession = ReturnType<AuthClient['useSession']['get']>;

function readClientSession({ data, error, isPending }: ClientSession): void {
  // On a site without an API, the answer can be an HTML page instead of a session.
  if (data?.user && data.session) setState({ status: 'signed-in', user: data.user, session: data.session });
  // While the client fetches the session again, the last state stays. Otherwise a form would disappear each time the
  // window gets the focus, because the client then fetches the session.
  else if (!isPending) setState({ status: error && error.status !== 401 ? 'unreachable' : 'signed-out' });
}

// Waits until the client has no request for the session. It can replace the one of `refetch` by a later one.
function waitUntilSessionIsRead(client: AuthClient): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.useSession.listen(check);
    function check({ isPending, isRefetching }: ClientSession): void {
      if (isPending || isRefetching) return;
      stop();
      resolve();
    }
    check(client.useSession.get());
  });
}

async function fetchToken(): Promise<Outcome<string>> {
  const { data, failure } = await callAuth((client, fetchOptions) => client.token({ fetchOptions }));
  return failure ? { failure } : { data: data?.token ?? '' };
}

function runWhenIdle(run: () => unknown): void {
  if (typeof window.requestIdleCallback === 'function') window.requestIdleCallback(run, { timeout: 500 });
  else window.setTimeout(run, 1);
}
