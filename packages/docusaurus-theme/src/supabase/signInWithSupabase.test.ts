import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SupabaseOptions, SupabaseSignIn } from './signInWithSupabase';

const key = 'sb-abcdefghijklmnopqrst-auth-token';
const ref = 'abcdefghijklmnopqrst';
const tokens = { accessToken: 'header.payload.signature', refreshToken: 'nvqqcysrgban' };
// The name has characters that base64 and cookies cannot contain.
const user = {
  id: 'u1',
  email: 'ada@example.com',
  user_metadata: { name: 'Ada é 中 100 % ; = "', filler: 'x'.repeat(5000) },
};
const session = { access_token: tokens.accessToken, refresh_token: tokens.refreshToken, expires_in: 3600, user };

const fetch = vi.fn<typeof window.fetch>();

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal('fetch', fetch);
  fetch.mockReset();
  answerWith(200, { redirect: false, token: 't1', user });
});
afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
  sessionStorage.clear();
  // biome-ignore lint/suspicious/noDocumentCookie: happy-dom has no Cookie Store API
  for (const name of cookieNames()) document.cookie = `${name}=; Path=/; Max-Age=-1`;
});

function answerWith(status: number, body: unknown, headers: Record<string, string> = {}): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  fetch.mockImplementation(async () => new Response(text, { status, headers }));
}

/** Signs in as a page that was loaded now. */
async function openPage(options: SupabaseOptions = { ref }, apiOrigin?: string): Promise<SupabaseSignIn> {
  vi.resetModules();
  const { signInWithSupabase } = await import('./signInWithSupabase');
  return signInWithSupabase(options, apiOrigin);
}

const sentBodies = () => fetch.mock.calls.map(([, init]) => JSON.parse(String(init?.body)) as unknown);
const cookieNames = () => document.cookie.split('; ').flatMap((cookie) => cookie.split('=', 1)[0] || []);
/** The names of everything that is stored in this browser. */
const storedNames = () => [...Object.keys({ ...localStorage }), ...cookieNames()];

// happy-dom has a cookie with Max-Age=0 until the next millisecond.
const expectStored = (names: string[]) =>
  vi.waitFor(() => expect(storedNames().sort(), 'names that are stored afterwards').toEqual(names));

function setCookies(cookies: Record<string, string>): void {
  // biome-ignore lint/suspicious/noDocumentCookie: happy-dom has no Cookie Store API
  for (const [name, value] of Object.entries(cookies)) document.cookie = `${name}=${value}; Path=/; SameSite=Lax`;
}

function base64URLOf(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return `base64-${btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
}

/** Cookies of parts with this many characters, as @supabase/ssr writes them. */
function chunksOf(text: string, length = 3180): Record<string, string> {
  const parts = Array.from({ length: Math.ceil(text.length / length) }, (_, i) =>
    text.slice(i * length, (i + 1) * length),
  );
  return Object.fromEntries(parts.map((part, i) => [`${key}.${i}`, part]));
}

const json = JSON.stringify(session);
const shortJSON = JSON.stringify({ ...session, user: null });
const list = JSON.stringify([tokens.accessToken, tokens.refreshToken, null, null, null]);

describe('tokens are read, sent and deleted', () => {
  it.each<[string, () => void]>([
    ['JSON in localStorage', () => localStorage.setItem(key, json)],
    ['base64 in localStorage', () => localStorage.setItem(key, base64URLOf(json))],
    [
      'the entry of version 1',
      () => localStorage.setItem('supabase.auth.token', JSON.stringify({ currentSession: session })),
    ],
    ['one cookie with base64', () => setCookies({ [key]: base64URLOf(shortJSON) })],
    ['one cookie with JSON', () => setCookies({ [key]: encodeURIComponent(shortJSON) })],
    ['one cookie with a list', () => setCookies({ [key]: encodeURIComponent(list) })],
    ['parts with base64', () => setCookies(chunksOf(base64URLOf(json)))],
    ['parts with JSON', () => setCookies(chunksOf(encodeURIComponent(json), 3180))],
    ['twelve parts', () => setCookies(chunksOf(base64URLOf(json), Math.ceil(base64URLOf(json).length / 12)))],
  ])('from %s', async (_, store) => {
    setCookies({ theme: '%', other: 'x' });
    store();
    expect(storedNames().length, 'names that are stored before').toBeGreaterThan(2);
    expect(await openPage()).toMatchObject({ status: 'signed-in', answer: { token: 't1' } });
    expect(sentBodies()).toEqual([tokens]);
    await expectStored(['other', 'theme']);
  });

  it('from an entry with a name of its own', async () => {
    localStorage.setItem('my-app', json);
    expect((await openPage({ storageKey: 'my-app' })).status).toBe('signed-in');
    expect(sentBodies()).toEqual([tokens]);
    expect(storedNames()).toEqual([]);
  });

  it('with the user, which supabase-js can store in another entry, and with older forms', async () => {
    localStorage.setItem(key, shortJSON);
    localStorage.setItem(`${key}-user`, JSON.stringify({ user }));
    localStorage.setItem('supabase.auth.token', JSON.stringify({ currentSession: session }));
    setCookies(chunksOf(base64URLOf(json)));
    await openPage();
    await expectStored([]);
  });

  it('from the next form, if one cannot be read', async () => {
    localStorage.setItem(key, 'base64-%%%');
    setCookies({ [key]: '%E0%A4%A' });
    localStorage.setItem('supabase.auth.token', JSON.stringify({ currentSession: session }));
    await openPage();
    expect(sentBodies()).toEqual([tokens]);
  });

  it('but an access token that is longer than the server allows is not sent', async () => {
    localStorage.setItem(key, JSON.stringify({ ...session, access_token: 'x'.repeat(8193) }));
    await openPage();
    expect(sentBodies()).toEqual([{ refreshToken: tokens.refreshToken }]);
  });
});

describe('nothing is sent', () => {
  it.each<[string, () => void]>([
    ['an empty browser', () => undefined],
    ['a session of another project', () => localStorage.setItem('sb-other-auth-token', json)],
    ['text that is not JSON', () => localStorage.setItem(key, 'null and void')],
    ['null', () => localStorage.setItem(key, 'null')],
    ['an object without tokens', () => localStorage.setItem(key, '{"access_token":1,"refresh_token":{}}')],
    [
      'an entry of version 1 without a session',
      () => localStorage.setItem('supabase.auth.token', '{"currentSession":null}'),
    ],
    ['a missing first part', () => setCookies({ [`${key}.1`]: base64URLOf(shortJSON) })],
    ['a missing last part', () => setCookies({ [`${key}.0`]: base64URLOf(shortJSON).slice(0, 60) })],
  ])('for %s', async (_, store) => {
    store();
    const before = storedNames();
    expect(await openPage()).toEqual({ status: 'nothing-stored' });
    expect(fetch).not.toHaveBeenCalled();
    expect(storedNames()).toEqual(before);
  });

  it('if the browser blocks storage', async () => {
    vi.stubGlobal('localStorage', undefined);
    expect(await openPage()).toEqual({ status: 'nothing-stored' });
  });

  it('without the name of the project', async () => {
    await expect(openPage({})).rejects.toThrow('Give the ref of your Supabase project');
  });
});

describe('the request', () => {
  beforeEach(() => localStorage.setItem(key, json));

  it('has cookies, and goes to the API of the site', async () => {
    await openPage();
    expect(fetch.mock.calls[0]?.[0]).toBe('/api/auth/sign-in/supabase');
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({
      method: 'POST',
      credentials: 'include',
      headers: { 'content-type': 'application/json' },
    });
  });

  it('goes to the origin of the API, whose session token is returned', async () => {
    answerWith(200, { token: 't1', user }, { 'set-auth-token': 't1.signature' });
    const { sessionToken } = await openPage({ ref }, 'https://auth.example.com');
    expect(fetch.mock.calls[0]?.[0]).toBe('https://auth.example.com/api/auth/sign-in/supabase');
    expect(sessionToken).toBe('t1.signature');
  });

  it('is sent once for each page, however often the function is called', async () => {
    answerWith(503, '');
    vi.resetModules();
    const { signInWithSupabase } = await import('./signInWithSupabase');
    await Promise.all([signInWithSupabase({ ref }), signInWithSupabase({ ref })]);
    await signInWithSupabase({ ref });
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it.each<[number, unknown, SupabaseSignIn['status']]>([
    [401, { code: 'INVALID_SUPABASE_SESSION' }, 'refused'],
    [403, { code: 'BANNED_USER' }, 'refused'],
    [403, { code: 'EMAIL_NOT_VERIFIED' }, 'refused'],
    [403, { code: 'INVALID_ORIGIN' }, 'not-now'],
    [403, '<html>a firewall</html>', 'not-now'],
    [401, 'a proxy wants a password', 'not-now'],
    [200, '<html>a page of a site without an API</html>', 'not-now'],
    [200, null, 'not-now'],
    [400, { code: 'VALIDATION_ERROR' }, 'not-now'],
    [404, '', 'not-now'],
    [429, { message: 'Too many requests. Please try again later.' }, 'not-now'],
    [500, '', 'not-now'],
    [503, { code: 'SERVICE_UNAVAILABLE' }, 'not-now'],
  ])('with the answer %i %j is %s; the tokens stay unless it is refused', async (status, body, want) => {
    answerWith(status, body);
    expect((await openPage()).status).toBe(want);
    expect(localStorage.getItem(key)).toBe(want === 'refused' ? null : json);
  });

  it('without an answer leaves the tokens, and the next page tries again', async () => {
    fetch.mockRejectedValueOnce(new TypeError('Failed to fetch'));
    expect(await openPage()).toEqual({ status: 'not-now' });
    expect(localStorage.getItem(key)).toBe(json);
    expect((await openPage()).status).toBe('signed-in');
    expect(localStorage.getItem(key)).toBeNull();
  });

  it('leaves the tokens while the second factor is missing, and asks for it once in each tab', async () => {
    answerWith(200, { twoFactorRedirect: true, twoFactorMethods: ['totp'] });
    expect(await openPage()).toEqual({
      status: 'second-factor',
      answer: { twoFactorRedirect: true, twoFactorMethods: ['totp'] },
    });
    expect(await openPage()).toEqual({ status: 'not-now' });
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(localStorage.getItem(key)).toBe(json);
    sessionStorage.clear(); // another tab, after the second factor was right
    answerWith(200, { token: 't1', user });
    expect((await openPage()).status).toBe('signed-in');
    expect(localStorage.getItem(key)).toBeNull();
  });
});

it('of two tabs that are opened at the same time, one sends the tokens', async () => {
  vi.stubGlobal('navigator', { locks: newLocks() });
  localStorage.setItem(key, json);
  const { signInWithSupabase: inFirstTab } = await import('./signInWithSupabase');
  vi.resetModules();
  const { signInWithSupabase: inSecondTab } = await import('./signInWithSupabase');
  const results = await Promise.all([inFirstTab({ ref }), inSecondTab({ ref })]);
  expect(results.map(({ status }) => status)).toEqual(['signed-in', 'nothing-stored']);
  expect(fetch).toHaveBeenCalledTimes(1);
});

/** The locks of a browser: one callback after the other. happy-dom has none; the browser tests use real ones. */
function newLocks(): { request: (name: string, callback: () => Promise<unknown>) => Promise<unknown> } {
  let last: Promise<unknown> = Promise.resolve();
  return {
    request: (_, callback) => {
      last = last.then(callback);
      return last;
    },
  };
}
