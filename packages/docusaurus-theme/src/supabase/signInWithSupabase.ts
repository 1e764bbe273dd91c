// This file imports nothing: the package exports it as it is, and a script for sites without a bundler contains it.

/** Where the Supabase client of this site has stored its session. */
export interface SupabaseOptions {
  /** The first label of the host of the Supabase project: `abc` for `https://abc.supabase.co`. */
  readonly ref?: string | undefined;
  /** Instead of `ref`, if the Supabase client has the option `storageKey` or `cookieOptions.name`. */
  readonly storageKey?: string | undefined;
}

/** What {@link signInWithSupabase} did with the stored session. */
export interface SupabaseSignIn {
  /**
   * - `signed-in`: the person has a session now, and the tokens are deleted.
   * - `second-factor`: the person has to prove the second factor. The tokens stay until then.
   * - `refused`: the server does not accept the tokens, and they are deleted.
   * - `not-now`: there was no answer, or an error, or this tab has asked for the second factor before. The tokens stay.
   * - `nothing-stored`: this browser has no session of Supabase, or another tab has just used it.
   */
  readonly status: 'signed-in' | 'second-factor' | 'refused' | 'not-now' | 'nothing-stored';
  /** The body of the answer, as that of `/sign-in/email`. */
  readonly answer?: unknown;
  /** The session token, for a site that sends it in a header. */
  readonly sessionToken?: string;
}

interface Tokens {
  readonly refreshToken?: string | undefined;
  readonly accessToken?: string | undefined;
}

/** The entry of version 1 of supabase-js in localStorage. */
const version1Key = 'supabase.auth.token';
/** The entry of sessionStorage in a tab that has asked for the second factor. */
const secondFactorKey = 'xenon.supabase-second-factor';
/** The server refuses a request with a longer access token. The refresh token is enough. */
const maxAccessTokenLength = 8192;
/** The refusals that are about the session. Another 401 or 403 can be from a proxy, or because of the origin. */
const refusalCodes: readonly unknown[] = ['INVALID_SUPABASE_SESSION', 'BANNED_USER', 'EMAIL_NOT_VERIFIED'];

let started: Promise<SupabaseSignIn> | undefined;

/**
 * Signs in with the session that a Supabase client has stored in this browser: supabase-js 1 and 2, `@supabase/ssr`,
 * and the older auth helpers. Call it before you create a Supabase client, which may delete the tokens. It sends one
 * request at most for each page load, and further calls return the result of the first. `apiOrigin` is the origin of
 * the API; without it, that of the page.
 */
export function signInWithSupabase(options: SupabaseOptions, apiOrigin = ''): Promise<SupabaseSignIn> {
  started ??= signInOnce(storageKeyOf(options), `${apiOrigin}/api/auth/sign-in/supabase`);
  return started;
}

function storageKeyOf({ ref, storageKey }: SupabaseOptions): string {
  if (storageKey) return storageKey;
  if (ref) return `sb-${ref}-auth-token`;
  throw new Error('Give the ref of your Supabase project, which is the first label of its host, or the storageKey.');
}

/** Only one tab at a time sends the tokens. If that deletes them, the next tab has nothing to send. */
async function signInOnce(key: string, url: string): Promise<SupabaseSignIn> {
  if (!hasStorage() || !readTokens(key)) return { status: 'nothing-stored' };
  const signIn = () => sendTokens(key, url);
  // A page with http has no locks. The server then answers both tabs with the same session.
  return navigator.locks ? navigator.locks.request('xenon.supabase', signIn) : signIn();
}

async function sendTokens(key: string, url: string): Promise<SupabaseSignIn> {
  const tokens = readTokens(key);
  if (!tokens) return { status: 'nothing-stored' };
  // Otherwise a person who cannot prove the second factor now could not read any page.
  if (sessionStorage.getItem(secondFactorKey)) return { status: 'not-now' };
  const response = await post(url, tokens);
  const answer: unknown = await response?.json().catch(() => undefined);
  const status = statusOf(response?.status, answer);
  if (status === 'second-factor') sessionStorage.setItem(secondFactorKey, '1');
  if (status === 'signed-in' || status === 'refused') deleteTokens(key);
  const sessionToken = response?.headers.get('set-auth-token');
  return { status, answer, ...(sessionToken && { sessionToken }) };
}

/** Undefined if there is no answer. */
function post(url: string, body: Tokens): Promise<Response | undefined> {
  const headers = { 'content-type': 'application/json' };
  const request: RequestInit = { method: 'POST', credentials: 'include', headers, body: JSON.stringify(body) };
  return fetch(url, request).catch(() => undefined);
}

function statusOf(status: number | undefined, answer: unknown): SupabaseSignIn['status'] {
  if (status === 200 && member(answer, 'twoFactorRedirect')) return 'second-factor';
  if (status === 200 && member(answer, 'token')) return 'signed-in';
  const isRefused = (status === 401 || status === 403) && refusalCodes.includes(member(answer, 'code'));
  return isRefused ? 'refused' : 'not-now';
}

/** False on a server, and if the person has blocked storage. */
function hasStorage(): boolean {
  try {
    return Boolean(window.localStorage && window.sessionStorage);
  } catch {
    return false;
  }
}

function readTokens(key: string): Tokens | undefined {
  const texts = [
    () => localStorage.getItem(key),
    () => decodeURIComponent(readCookie(key)),
    () => localStorage.getItem(version1Key),
  ];
  return texts.map(parseTokens).find((tokens) => tokens !== undefined);
}

/** The value of a cookie, or of its parts `.0`, `.1` and so on, if it is longer than a cookie can be. */
function readCookie(key: string): string {
  const find = (name: string) => cookies().find((cookie) => cookie.name === name)?.value;
  const parts: string[] = [];
  for (let part = find(`${key}.0`); part; part = find(`${key}.${parts.length}`)) parts.push(part);
  return find(key) ?? parts.join('');
}

function cookies(): { name: string; value: string }[] {
  return document.cookie.split('; ').map((cookie) => {
    const [name = ''] = cookie.split('=', 1);
    return { name, value: cookie.slice(name.length + 1) };
  });
}

/** Undefined if the text is no session. */
function parseTokens(read: () => string | null): Tokens | undefined {
  let session: unknown;
  try {
    const text = read() ?? '';
    session = JSON.parse(text.startsWith('base64-') ? decodeBase64URL(text.slice(7)) : text);
  } catch {
    return undefined;
  }
  session = member(session, 'currentSession') ?? session; // version 1 of supabase-js
  const isList = Array.isArray(session); // of the auth helpers
  const refreshToken = textOf(member(session, isList ? 1 : 'refresh_token'));
  const accessToken = textOf(member(session, isList ? 0 : 'access_token'), maxAccessTokenLength);
  return refreshToken || accessToken ? { refreshToken, accessToken } : undefined;
}

function decodeBase64URL(text: string): string {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
}

function member(value: unknown, name: PropertyKey): unknown {
  return Reflect.get(Object(value), name);
}

function textOf(value: unknown, maxLength = Number.POSITIVE_INFINITY): string | undefined {
  return typeof value === 'string' && value.length <= maxLength ? value : undefined;
}

/** Deletes the session in all forms: an older one would otherwise be sent by the next page. */
function deleteTokens(key: string): void {
  for (const name of [key, `${key}-user`, version1Key]) localStorage.removeItem(name);
  // A cookie of a parent domain is deleted only with its domain, which scripts cannot read.
  const labels = location.hostname.split('.');
  const domains = labels.map((_, i) => `; Domain=${labels.slice(i).join('.')}`);
  const names = cookies().map(({ name }) => name);
  for (const name of names.filter((one) => one === key || one.startsWith(`${key}.`)))
    for (const domain of ['', ...domains]) {
      // biome-ignore lint/suspicious/noDocumentCookie: pages with http and older browsers have no Cookie Store API
      document.cookie = `${name}=; Path=/; Max-Age=0${domain}`;
    }
}
