import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Api, errorResponse, sessionOf, startApi } from '../testing/api';
import { jsonResponse } from '../testing/profileServer';

const key = 'sb-abc-auth-token';
const stored = JSON.stringify({ access_token: 'a.b.c', refresh_token: 'nvqqcysrgban' });
const challenge = { twoFactorRedirect: true, twoFactorMethods: ['totp', 'otp'] };

let api: Api;
let openedPages: string[];
beforeEach(() => {
  vi.resetModules();
  api = startApi();
  openedPages = [];
  vi.spyOn(window.location, 'assign').mockImplementation((url) => void openedPages.push(String(url)));
  localStorage.setItem(key, stored);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  localStorage.clear();
  sessionStorage.clear();
});

/** Loads a page of a site with the option `supabase`, and waits until the session is known. */
async function openPage(url: string, options = {}): Promise<string> {
  window.history.replaceState(null, '', url);
  const { site } = await import('./site');
  Object.assign(site, { supabase: { ref: 'abc' }, ...options });
  const { signInWithStoredSession } = await import('./supabaseSession');
  const { currentSession, refreshSession, startSession } = await import('./sessionStore');
  startSession(signInWithStoredSession());
  await refreshSession();
  return currentSession().status;
}

it('a person whom Supabase had signed in is signed in at the first page', async () => {
  api.answers['/sign-in/supabase'] = () => {
    api.session = sessionOf();
    return jsonResponse(200, { token: 't1', user: {} });
  };
  expect(await openPage('/docs/intro/')).toBe('signed-in');
  expect(api.requests).toEqual([
    { path: '/sign-in/supabase', body: { refreshToken: 'nvqqcysrgban', accessToken: 'a.b.c' } },
  ]);
  expect(localStorage.getItem(key)).toBeNull();
  expect(openedPages).toEqual([]);
});

it('the session is pending until the server has answered', async () => {
  let answer: (response: Response) => void = () => undefined;
  api.answers['/sign-in/supabase'] = () => new Promise((resolve) => (answer = resolve));
  const opened = openPage('/docs/intro/');
  await vi.waitFor(() => expect(api.requests).toHaveLength(1));
  const { currentSession } = await import('./sessionStore');
  expect(currentSession().status).toBe('pending');
  answer(errorResponse(401, 'INVALID_SUPABASE_SESSION'));
  expect(await opened).toBe('signed-out');
});

it.each([
  ['/docs/intro/?a=1', '/two-factor/?next=%2Fdocs%2Fintro%2F%3Fa%3D1&methods=totp,otp'],
  ['/login/?next=/docs/', '/two-factor/?next=%2Fdocs%2F&methods=totp,otp'],
  ['/register/', '/two-factor/?methods=totp,otp'],
])('on %s a missing second factor opens %s', async (url, want) => {
  api.answers['/sign-in/supabase'] = () => jsonResponse(200, challenge);
  await openPage(url);
  expect(openedPages).toEqual([want]);
});

it('without the pages of two-step verification no page opens', async () => {
  api.answers['/sign-in/supabase'] = () => jsonResponse(200, challenge);
  await openPage('/docs/intro/', { twoFactor: false });
  expect(openedPages).toEqual([]);
});

it.each([
  '/two-factor/',
  '/magic-link/?token=x',
  '/reset-password/?token=x',
  '/verify-email/',
  '/cancel-email-change/',
])('the page %s, which has a task of its own, sends nothing', async (url) => {
  await openPage(url);
  expect(api.requests).toEqual([]);
  expect(localStorage.getItem(key)).toBe(stored);
});

it('with bearer tokens the session token is kept', async () => {
  api.answers['/sign-in/supabase'] = () => jsonResponse(200, { token: 't1' }, { 'set-auth-token': 't1.signature' });
  await openPage('/docs/intro/', { apiMode: 'bearer' });
  expect(localStorage.getItem('xenon.session-token')).toBe('t1.signature');
});
