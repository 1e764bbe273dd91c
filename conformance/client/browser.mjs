// What the stock client is given: what a browser has and Node has not, a cookie jar and an Origin header; and what the
// tests need besides it: people, and the mails they get.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createAuthClient } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";

// Where the server runs, what it calls itself in public, and the file its mails go to.
export const serverURL = process.env.SERVER_URL;
export const origin = process.env.SERVER_ORIGIN ?? serverURL;
const outbox = process.env.SERVER_MAILS;
assert.ok(serverURL, "SERVER_URL is missing: where does the server run?");

// A browser tab, as far as fetch is concerned. Tabs of one browser share a jar.
export function tab(jar = new Map()) {
  return async (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("origin", origin);
    if (jar.size > 0) {
      headers.set("cookie", [...jar].map(([k, v]) => `${k}=${v}`).join("; "));
    }
    const response = await fetch(url, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const name = pair.slice(0, pair.indexOf("="));
      if (/; Max-Age=0(;|$)/.test(line)) jar.delete(name);
      else jar.set(name, pair.slice(name.length + 1));
    }
    return response;
  };
}

// The cookies of a jar but the device cookie, which stays when a session ends.
export const cookiesOfSessions = (jar) =>
  [...jar.keys()].filter((name) => !name.endsWith("better-auth.device"));

// The stock client in a browser of its own, or in one with that jar.
export function client(jar) {
  return createAuthClient({
    baseURL: serverURL,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl: tab(jar) },
  });
}

export const password = "correct horse battery";

export const person = () => ({
  name: "Ada Lovelace",
  email: `ada-${crypto.randomUUID()}@example.com`,
  password,
});

// Somebody who has just signed up: what they gave, what they got, their client and their jar.
export async function registered() {
  const jar = new Map();
  const auth = client(jar);
  const ada = person();
  const { data, error } = await auth.signUp.email(ada);
  assert.equal(error, null);
  return { ...ada, auth, jar, user: data.user, token: data.token };
}

// The newest mail of a kind to an address: {kind, to, url, token}.
export async function mailed(kind, to) {
  const lines = (await readFile(outbox, "utf8")).trim().split("\n");
  const mails = lines.map((line) => JSON.parse(line));
  const found = mails.findLast((mail) => mail.kind === kind && mail.to === to);
  assert.ok(found, `no ${kind} for ${to} among ${mails.length} mails`);
  return found;
}

// What a click on a mailed link does: where it leads, without going there.
export async function click(url, jar) {
  const here = url.replace(origin, serverURL);
  const response = await tab(jar)(here, { redirect: "manual" });
  return { status: response.status, location: response.headers.get("location") };
}

// The data of an answer that has no error.
export function ok({ data, error }) {
  assert.equal(error, null);
  return data;
}

// Status and code of an answer that has one.
export function refused({ data, error }) {
  assert.equal(data, null);
  return [error.status, error.code];
}
