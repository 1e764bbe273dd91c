// Helpers of the client tests. The stock client gets what a browser has and Node lacks: a cookie jar and an Origin
// header. The tests get new users and the mails to them.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createAuthClient } from 'better-auth/client';
import { jwtClient } from 'better-auth/client/plugins';

// The server's URL, its public origin, and the file that it writes its mails to.
export const serverURL = process.env.SERVER_URL;
export const origin = process.env.SERVER_ORIGIN ?? serverURL;
const outbox = process.env.SERVER_MAILS;
assert.ok(serverURL, 'set SERVER_URL to the URL of the server');

// Returns a fetch function that sends and stores cookies and sends an Origin header, as a browser tab does. A jar has
// the cookies of one browser: name to value. Tabs of one browser share a jar.
export function browserFetch(jar = new Map()) {
  return async (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('origin', origin);
    if (jar.size > 0) {
      headers.set('cookie', [...jar].map(([k, v]) => `${k}=${v}`).join('; '));
    }
    const response = await fetch(url, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const name = pair.slice(0, pair.indexOf('='));
      if (/; Max-Age=0(;|$)/.test(line)) jar.delete(name);
      else jar.set(name, pair.slice(name.length + 1));
    }
    return response;
  };
}

// The names of the cookies in a jar, without the device cookie, which stays when a session ends.
export const cookiesOfSessions = (jar) => [...jar.keys()].filter((name) => !name.endsWith('better-auth.device'));

// The stock client in a new browser, or in the browser with the given jar.
export function newClient(jar) {
  return createAuthClient({
    baseURL: serverURL,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl: browserFetch(jar) },
  });
}

export const password = 'correct horse battery';

export const newPerson = () => ({
  name: 'Ada Lovelace',
  email: `ada-${crypto.randomUUID()}@example.com`,
  password,
});

// Signs up a new user. Returns the input, the user and token of the response, the client and its jar.
export async function signUp() {
  const jar = new Map();
  const auth = newClient(jar);
  const ada = newPerson();
  const { data, error } = await auth.signUp.email(ada);
  assert.equal(error, null);
  return { ...ada, auth, jar, user: data.user, token: data.token };
}

// The newest mail of a kind to an email: {kind, to, url, token}.
export async function newestMail(kind, to) {
  const lines = (await readFile(outbox, 'utf8')).trim().split('\n');
  const mails = lines.map((line) => JSON.parse(line));
  const found = mails.findLast((mail) => mail.kind === kind && mail.to === to);
  assert.ok(found, `no mail ${kind} to ${to} among ${mails.length} mails`);
  return found;
}

// Requests the link of a mail, and returns the redirect without following it.
export async function openLink(url, jar) {
  const response = await browserFetch(jar)(url.replace(origin, serverURL), { redirect: 'manual' });
  return { status: response.status, location: response.headers.get('location') };
}

// Asserts that the call succeeded, and returns its data.
export function assertOk({ data, error }) {
  assert.equal(error, null);
  return data;
}

// Asserts that the call failed, and returns the status and code of its error.
export function assertError({ data, error }) {
  assert.equal(data, null);
  return [error.status, error.code];
}
