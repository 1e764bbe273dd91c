// The main flow: sign up, sign in, get a JWT, sign out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthClient } from 'better-auth/client';
import { assertError, assertOk, newClient, newPerson, origin, serverURL, signUp } from './browser.mjs';

test('a person signs up, gets a JWT, signs out and gets no JWT afterwards', async () => {
  const auth = newClient();
  const ada = { ...newPerson(), email: `ada-${crypto.randomUUID()}@Example.com` };

  const signedUp = assertOk(await auth.signUp.email(ada));
  assert.equal(signedUp.user.email, ada.email.toLowerCase());
  assert.ok(signedUp.user.createdAt instanceof Date);

  const session = assertOk(await auth.getSession());
  assert.equal(session.user.id, signedUp.user.id);
  assert.equal(session.session.token, signedUp.token);
  assert.ok(session.session.expiresAt > new Date());

  const { token } = assertOk(await auth.token());
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.deepEqual(
    [claims.sub, claims.iss, claims.aud, claims.email],
    [signedUp.user.id, origin, origin, signedUp.user.email],
  );

  const keySet = assertOk(await auth.jwks());
  const { kid, alg } = JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));
  assert.ok(keySet.keys.some((key) => key.kid === kid && key.alg === alg));

  assert.equal(assertOk(await auth.signOut()).success, true);
  assert.equal(assertOk(await auth.getSession()), null);
  assert.deepEqual(assertError(await auth.token()), [401, 'UNAUTHORIZED']);
});

test('a person signs in again', async () => {
  const ada = await signUp();
  const auth = newClient();
  const signedIn = assertOk(
    await auth.signIn.email({
      email: ada.email.toUpperCase(),
      password: ada.password,
      callbackURL: '/welcome',
      rememberMe: false,
    }),
  );
  assert.deepEqual([signedIn.redirect, signedIn.url], [true, '/welcome']);
  assert.equal(signedIn.user.id, ada.user.id);
  assert.equal(assertOk(await auth.getSession()).session.token, signedIn.token);
});

test('the bearer token of a sign-up works without cookies', async () => {
  let token;
  const auth = createAuthClient({
    baseURL: serverURL,
    fetchOptions: {
      customFetchImpl: (url, init = {}) => {
        const headers = new Headers(init.headers);
        headers.set('origin', origin);
        return fetch(url, { ...init, headers });
      },
      auth: { type: 'Bearer', token: () => token },
      onSuccess: (context) => {
        token = context.response.headers.get('set-auth-token') ?? token;
      },
    },
  });
  const { data } = await auth.signUp.email(newPerson());
  assert.ok(token.startsWith(`${data.token}.`));
  assert.equal(assertOk(await auth.getSession()).user.id, data.user.id);
  assert.equal(assertOk(await auth.listSessions()).length, 1);
});

test('get-session returns a JWT in a header', async () => {
  const ada = await signUp();
  let jwt;
  const onSuccess = ({ response }) => {
    jwt = response.headers.get('set-auth-jwt');
  };
  assertOk(await ada.auth.getSession({ fetchOptions: { onSuccess } }));
  assert.match(jwt, /^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test('rejected sign-ups and sign-ins have a status and an error code', async () => {
  const { auth, ...ada } = await signUp();
  const codes = [
    await auth.signUp.email({ ...newPerson(), email: ada.email }),
    await auth.signUp.email({ ...newPerson(), password: 'short' }),
    await auth.signUp.email({ ...newPerson(), password: 'x'.repeat(129) }),
    await auth.signUp.email({ ...newPerson(), email: 'not an email' }),
    await auth.signIn.email({ email: ada.email, password: 'wrong horse battery' }),
    await auth.signIn.email({ email: 'nobody@example.com', password: ada.password }),
    await auth.signIn.email({ email: 'not an email', password: ada.password }),
    await auth.signIn.email({ ...ada, callbackURL: 'https://evil.example' }),
  ].map(assertError);
  assert.deepEqual(codes, [
    [422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL'],
    [400, 'PASSWORD_TOO_SHORT'],
    [400, 'PASSWORD_TOO_LONG'],
    [400, 'VALIDATION_ERROR'],
    [401, 'INVALID_EMAIL_OR_PASSWORD'],
    [401, 'INVALID_EMAIL_OR_PASSWORD'],
    [400, 'INVALID_EMAIL'],
    [403, 'INVALID_CALLBACK_URL'],
  ]);
});

test('a provider that is not configured is not found', async () => {
  const { auth } = await signUp();
  const want = [404, 'PROVIDER_NOT_FOUND'];
  assert.deepEqual(assertError(await auth.signIn.social({ provider: 'github' })), want);
  assert.deepEqual(assertError(await auth.linkSocial({ provider: 'github' })), want);
});
