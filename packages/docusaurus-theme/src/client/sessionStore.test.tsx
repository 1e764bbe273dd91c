import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const session = {
  user: { id: 'u1', name: 'Ada', email: 'ada@example.com', emailVerified: true, image: null },
  session: { id: 's1', userId: 'u1', token: 't', expiresAt: '2099-01-01T00:00:00.000Z' },
};
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

// The client is the real one. Its module keeps the session in memory, so each test loads the module again.
let respond: (path: string) => Response | Promise<Response>;
const fetch = vi.fn(async (input: RequestInfo | URL) => respond(new URL(String(input)).pathname));
const requestCount = (path: string) =>
  fetch.mock.calls.filter(([input]) => new URL(String(input)).pathname === path).length;

/** Holds all requests until the returned function is called: the client may send a second one while the first waits. */
function slowAnswer(body: unknown): () => void {
  let answer: () => void = () => {};
  const isAnswered = new Promise<void>((resolve) => (answer = resolve));
  respond = () => isAnswered.then(() => json(body));
  return answer;
}

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal('fetch', fetch);
  fetch.mockClear();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.doUnmock('./loadClient');
});

type Store = typeof import('./sessionStore');
let store: Store;

/** Renders a page with a new store, which starts to read the session unless `isStarted` is false. */
async function openPage(isStarted = true): Promise<void> {
  store = await import('./sessionStore');
  const { useSession } = store;
  function Page(): ReactNode {
    const { status, user } = useSession();
    return (
      <p>
        {status} {user?.name}
      </p>
    );
  }
  page = <Page />;
  if (!isStarted) return;
  render(page);
  store.startSession();
}
let page: ReactNode;

describe('the session', () => {
  it('is pending in the static HTML', async () => {
    await openPage(false);
    expect(renderToString(page)).toContain('pending');
    expect(fetch).not.toHaveBeenCalled();
  });

  it('fetches the session once', async () => {
    respond = () => json(session);
    await openPage();
    expect(screen.getByText('pending')).toBeTruthy();
    await screen.findByText('signed-in Ada');
    expect(requestCount('/api/auth/get-session')).toBe(1);
  });

  it('is signed out without a session', async () => {
    respond = () => json(null);
    await openPage();
    await screen.findByText('signed-out');
  });

  it('is unreachable when the server does not answer, and fetches the session again on refresh', async () => {
    respond = () => new Response('', { status: 503 });
    await openPage();
    await screen.findByText('unreachable');
    respond = () => json(session);
    await act(() => store.refreshSession());
    await screen.findByText('signed-in Ada');
  });

  it('is signed out when the server answers get-session with an HTML page', async () => {
    respond = () => new Response('<!doctype html><title>Xenon</title>', { headers: { 'content-type': 'text/html' } });
    await openPage();
    await screen.findByText('signed-out');
  });

  it('loads the client again after a failure to load it', async () => {
    respond = () => json(session);
    let isLost = true;
    vi.doMock('./loadClient', async () => {
      const { NetworkError } = await import('./network');
      const { loadClient } = await vi.importActual<typeof import('./loadClient')>('./loadClient');
      return { loadClient: () => (isLost ? Promise.reject(new NetworkError('no chunk')) : loadClient()) };
    });
    await openPage();
    await screen.findByText('unreachable');
    isLost = false;
    window.dispatchEvent(new Event('online'));
    await screen.findByText('signed-in Ada');
  });

  it('signs out', async () => {
    respond = (path) => json(path === '/api/auth/sign-out' ? { success: true } : session);
    await openPage();
    await screen.findByText('signed-in Ada');
    respond = (path) => json(path === '/api/auth/sign-out' ? { success: true } : null);
    await act(() => store.signOut());
    await screen.findByText('signed-out');
  });

  it('stays signed in and returns the failure when sign-out fails', async () => {
    respond = () => json(session);
    await openPage();
    await screen.findByText('signed-in Ada');
    respond = () => Promise.reject(new TypeError('Failed to fetch'));
    expect((await act(() => store.signOut())).failure?.code).toBe('OFFLINE');
    expect(store.currentSession().status).toBe('signed-in');
  });

  it('fetches one token for concurrent callers', async () => {
    const body = btoa(JSON.stringify({ iat: 0, exp: 60 }));
    respond = (path) => json(path === '/api/auth/token' ? { token: `a.${body}.c` } : session);
    await openPage();
    await screen.findByText('signed-in Ada');
    const [one, two] = await Promise.all([store.getToken(), store.getToken()]);
    expect([one?.data, two?.data]).toEqual([`a.${body}.c`, `a.${body}.c`]);
    expect(requestCount('/api/auth/token')).toBe(1);
    store.clearToken();
    await store.getToken();
    expect(requestCount('/api/auth/token')).toBe(2);
  });

  it('returns the failure when there is no token', async () => {
    respond = (path) => (path === '/api/auth/token' ? json({ code: 'UNAUTHORIZED' }, 401) : json(null));
    await openPage();
    await screen.findByText('signed-out');
    expect((await store.getToken()).failure).toEqual({ code: 'UNAUTHORIZED', status: 401 });
  });

  it('does not return to pending while it fetches the session again', async () => {
    respond = () => json(null);
    await openPage();
    await screen.findByText('signed-out');
    const answer = slowAnswer(session);
    const refreshed = store.refreshSession();
    await waitFor(() => expect(requestCount('/api/auth/get-session')).toBe(2));
    expect(store.currentSession().status).toBe('signed-out');
    await act(async () => {
      answer();
      await refreshed;
    });
    await screen.findByText('signed-in Ada');
  });

  it('returns the session from refreshSession, even if the client was not loaded before', async () => {
    respond = () => json(session);
    await openPage(false);
    expect((await store.refreshSession()).user?.name).toBe('Ada');
    expect(requestCount('/api/auth/get-session')).toBe(1);
  });

  it('clears the token when another person is signed in', async () => {
    const body = btoa(JSON.stringify({ iat: 0, exp: 60 }));
    respond = (path) => json(path === '/api/auth/token' ? { token: `a.${body}.c` } : session);
    await openPage();
    await screen.findByText('signed-in Ada');
    await store.getToken();
    const other = { user: { ...session.user, id: 'u2', name: 'Grace' }, session: { ...session.session, userId: 'u2' } };
    respond = (path) => json(path === '/api/auth/token' ? { token: `a.${body}.c` } : other);
    await act(() => store.refreshSession());
    await store.getToken();
    expect(requestCount('/api/auth/token')).toBe(2);
  });
});

describe('a page from the back/forward cache', () => {
  const reload = vi.spyOn(window.location, 'reload').mockImplementation(() => {});
  const added = vi.spyOn(window, 'addEventListener');
  beforeEach(() => reload.mockClear());

  /** Sends a pageshow event to the newest store only: the listeners of earlier tests still exist. */
  function restore(): void {
    const listener = added.mock.calls.findLast(([type]) => type === 'pageshow')?.[1] as EventListener;
    listener(Object.assign(new Event('pageshow'), { persisted: true }));
  }

  it('is loaded again if the person was signed in', async () => {
    respond = () => json(session);
    await openPage();
    await screen.findByText('signed-in Ada');
    restore();
    expect(reload).toHaveBeenCalled();
  });

  it('only reads the session again if no person was signed in', async () => {
    respond = () => json(null);
    await openPage();
    await screen.findByText('signed-out');
    respond = () => json(session);
    restore();
    await screen.findByText('signed-in Ada');
    expect(reload).not.toHaveBeenCalled();
  });
});

describe('confirmSession', () => {
  const confirm = async () => {
    await openPage();
    const { confirmSession } = await import('./useRedirectIfSignedIn');
    return confirmSession();
  };

  it('reports blocked cookies if the server knows no session after a sign-in', async () => {
    respond = () => json(null);
    expect(await confirm()).toEqual({ code: 'COOKIES_BLOCKED', status: 0 });
  });

  it('reports OFFLINE if the server answers with an error', async () => {
    respond = () => new Response('', { status: 503 });
    expect((await confirm())?.code).toBe('OFFLINE');
  });

  it('waits for a slow answer', async () => {
    const answer = slowAnswer(session);
    const confirmed = confirm();
    await waitFor(() => expect(requestCount('/api/auth/get-session')).toBeGreaterThan(0));
    answer();
    expect(await confirmed).toBeUndefined();
  });
});
