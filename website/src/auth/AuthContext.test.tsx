import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Auth, AuthProvider, useAuth } from './AuthContext';

const session = {
  user: { id: 'u1', name: 'Ada', email: 'ada@example.com', emailVerified: true, image: null },
  session: { id: 's1', userId: 'u1', token: 't', expiresAt: '2099-01-01T00:00:00.000Z' },
};
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

// The client is the real one. Its module keeps the session in memory, so each test loads the module again.
let answer: (path: string) => Response | Promise<Response>;
const fetch = vi.fn(async (input: RequestInfo | URL) => answer(new URL(String(input)).pathname));
const requestCount = (path: string) =>
  fetch.mock.calls.filter(([input]) => new URL(String(input)).pathname === path).length;

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal('fetch', fetch);
  fetch.mockClear();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.doUnmock('../lib/authClient');
});

let auth: Auth;
function Page(): ReactNode {
  auth = useAuth();
  return (
    <p>
      {auth.state.status} {auth.state.user?.name}
    </p>
  );
}
const site = (
  <AuthProvider>
    <Page />
  </AuthProvider>
);

describe('AuthProvider', () => {
  it('renders its children before the session is known, on the server too', () => {
    expect(renderToString(site)).toContain('pending');
    expect(fetch).not.toHaveBeenCalled();
  });

  it('fetches the session once', async () => {
    answer = () => json(session);
    render(site);
    expect(screen.getByText('pending')).toBeTruthy();
    await screen.findByText('signed-in Ada');
    expect(requestCount('/api/auth/get-session')).toBe(1);
  });

  it('is signed out without a session', async () => {
    answer = () => json(null);
    render(site);
    await screen.findByText('signed-out');
  });

  it('is unreachable when the server does not answer, and fetches the session again on refresh', async () => {
    answer = () => new Response('', { status: 503 });
    render(site);
    await screen.findByText('unreachable');
    answer = () => json(session);
    await act(() => auth.refresh());
    await screen.findByText('signed-in Ada');
  });

  it('is signed out when the server answers get-session with an HTML page', async () => {
    answer = () => new Response('<!doctype html><title>Xenon</title>', { headers: { 'content-type': 'text/html' } });
    render(site);
    await screen.findByText('signed-out');
  });

  it('loads the client again after a failure to load it', async () => {
    answer = () => json(session);
    vi.doMock('../lib/authClient', () => {
      throw new Error('Loading chunk failed');
    });
    render(site);
    await screen.findByText('unreachable');
    vi.doUnmock('../lib/authClient');
    window.dispatchEvent(new Event('online'));
    await screen.findByText('signed-in Ada');
  });

  it('signs out', async () => {
    answer = (path) => json(path === '/api/auth/sign-out' ? { success: true } : session);
    render(site);
    await screen.findByText('signed-in Ada');
    answer = (path) => json(path === '/api/auth/sign-out' ? { success: true } : null);
    await act(() => auth.signOut());
    await screen.findByText('signed-out');
  });

  it('stays signed in and returns the failure when sign-out fails', async () => {
    answer = () => json(session);
    render(site);
    await screen.findByText('signed-in Ada');
    answer = () => Promise.reject(new TypeError('Failed to fetch'));
    expect((await act(() => auth.signOut())).failure?.code).toBe('OFFLINE');
    expect(auth.state.status).toBe('signed-in');
  });

  it('fetches one token for concurrent callers', async () => {
    const body = btoa(JSON.stringify({ iat: 0, exp: 60 }));
    answer = (path) => json(path === '/api/auth/token' ? { token: `a.${body}.c` } : session);
    render(site);
    await screen.findByText('signed-in Ada');
    const [one, two] = await Promise.all([auth.getToken(), auth.getToken()]);
    expect([one?.data, two?.data]).toEqual([`a.${body}.c`, `a.${body}.c`]);
    expect(requestCount('/api/auth/token')).toBe(1);
    auth.clearToken();
    await auth.getToken();
    expect(requestCount('/api/auth/token')).toBe(2);
  });

  it('returns the failure when there is no token', async () => {
    answer = (path) => (path === '/api/auth/token' ? json({ code: 'UNAUTHORIZED' }, 401) : json(null));
    render(site);
    await screen.findByText('signed-out');
    expect((await auth.getToken()).failure).toEqual({ code: 'UNAUTHORIZED', status: 401 });
  });

  it('does not return to pending while it fetches the session again', async () => {
    answer = () => json(null);
    render(site);
    await screen.findByText('signed-out');
    let finish: (response: Response) => void = () => {};
    answer = () => new Promise<Response>((resolve) => (finish = resolve));
    const refreshed = auth.refresh();
    await waitFor(() => expect(requestCount('/api/auth/get-session')).toBe(2));
    expect(auth.state.status).toBe('signed-out');
    await act(async () => {
      finish(json(session));
      await refreshed;
    });
    await screen.findByText('signed-in Ada');
  });
});
