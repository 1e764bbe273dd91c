// The stock client, unpatched, walks the main job against a running Xenon: register, session, JWT, profile, sign out. The
// only thing given to it is what a browser has and Node has not: a cookie jar and an Origin header.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthClient } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";

const baseURL = process.env.XENON_URL;
assert.ok(baseURL, "XENON_URL is missing: where does Xenon run?");

// A browser tab, as far as fetch is concerned.
function tab() {
  const jar = new Map();
  return async (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("origin", baseURL);
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

function client() {
  const customFetchImpl = tab();
  return createAuthClient({
    baseURL,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl },
  });
}

function profile(method, jwt, body) {
  return fetch(`${baseURL}/api/profile`, {
    method,
    headers: {
      authorization: `Bearer ${jwt}`,
      ...(body && { "content-type": "application/json" }),
    },
    body: body && JSON.stringify(body),
  });
}

const person = () => ({
  name: "Ada Lovelace",
  email: `ada-${crypto.randomUUID()}@Example.com`,
  password: "correct horse battery",
});

test("a person registers, keeps a profile, signs out and is refused", async () => {
  const auth = client();
  const ada = person();

  const signedUp = await auth.signUp.email(ada);
  assert.equal(signedUp.error, null);
  assert.equal(signedUp.data.user.email, ada.email.toLowerCase());
  assert.ok(signedUp.data.user.createdAt instanceof Date);

  const session = await auth.getSession();
  assert.equal(session.data.user.id, signedUp.data.user.id);
  assert.equal(session.data.session.token, signedUp.data.token);

  const { data } = await auth.token();
  const claims = JSON.parse(Buffer.from(data.token.split(".")[1], "base64url"));
  assert.equal(claims.sub, signedUp.data.user.id);
  assert.equal(claims.iss, baseURL);

  const { data: keySet } = await auth.jwks();
  const { kid } = JSON.parse(Buffer.from(data.token.split(".")[0], "base64url"));
  assert.ok(keySet.keys.some((key) => key.kid === kid));

  assert.equal((await profile("GET", data.token)).status, 404);
  const created = await profile("POST", data.token, { learning_mode: "visual", time_per_week: 5 });
  assert.equal(created.status, 201);
  assert.equal((await profile("POST", data.token, {})).status, 409);
  const changed = await profile("PUT", data.token, { time_per_week: 7 });
  assert.equal(changed.status, 200);
  const read = await (await profile("GET", data.token)).json();
  assert.deepEqual(
    [read.user_id, read.learning_mode, read.time_per_week, read.preferred_language],
    [signedUp.data.user.id, "visual", 7, "en"],
  );

  const signedOut = await auth.signOut();
  assert.equal(signedOut.data.success, true);
  assert.equal((await auth.getSession()).data, null);
  const refused = await auth.token();
  assert.equal(refused.error.status, 401);
  assert.equal(refused.error.code, "UNAUTHORIZED");
});

test("a person comes back", async () => {
  const ada = person();
  await client().signUp.email(ada);

  const auth = client();
  const signedIn = await auth.signIn.email({
    email: ada.email.toUpperCase(),
    password: ada.password,
    callbackURL: "/welcome",
    rememberMe: false,
  });
  assert.equal(signedIn.error, null);
  assert.deepEqual([signedIn.data.redirect, signedIn.data.url], [true, "/welcome"]);
  assert.equal((await auth.getSession()).data.session.token, signedIn.data.token);
});

test("the bearer token that sign-up hands out works without cookies", async () => {
  let token;
  const auth = createAuthClient({
    baseURL,
    fetchOptions: {
      customFetchImpl: (url, init = {}) => {
        const headers = new Headers(init.headers);
        headers.set("origin", baseURL);
        return fetch(url, { ...init, headers });
      },
      auth: { type: "Bearer", token: () => token },
      onSuccess: (context) => {
        token = context.response.headers.get("set-auth-token") ?? token;
      },
    },
  });
  const { data } = await auth.signUp.email(person());
  assert.ok(token.startsWith(`${data.token}.`));
  assert.equal((await auth.getSession()).data.user.id, data.user.id);
});

test("the client can tell its errors apart", async () => {
  const auth = client();
  const ada = person();
  await auth.signUp.email(ada);
  const codes = [
    await auth.signUp.email(ada),
    await auth.signUp.email({ ...person(), password: "short" }),
    await auth.signIn.email({ email: ada.email, password: "wrong horse battery" }),
    await auth.signIn.email({ email: "nobody@example.com", password: ada.password }),
    await auth.signIn.email({ email: "no address", password: ada.password }),
    await auth.signIn.email({ ...ada, callbackURL: "https://evil.example" }),
  ].map(({ error }) => [error.status, error.code]);
  assert.deepEqual(codes, [
    [422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"],
    [400, "PASSWORD_TOO_SHORT"],
    [401, "INVALID_EMAIL_OR_PASSWORD"],
    [401, "INVALID_EMAIL_OR_PASSWORD"],
    [400, "INVALID_EMAIL"],
    [403, "INVALID_CALLBACK_URL"],
  ]);
});
