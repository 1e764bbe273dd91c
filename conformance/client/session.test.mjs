// Sessions: list all, revoke one, revoke all others, revoke all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertError, assertOk, cookiesOfSessions, newClient, signUp } from './browser.mjs';

// Signs a new user in on three devices.
async function signInOnThreeDevices() {
  const ada = await signUp();
  const phone = newClient();
  const laptop = newClient();
  for (const auth of [phone, laptop]) {
    assertOk(await auth.signIn.email({ email: ada.email, password: ada.password }));
  }
  return { ada, home: ada.auth, phone, laptop };
}

const isSignedIn = async (auth) => assertOk(await auth.getSession()) !== null;

test("a person lists their own sessions and no one else's", async () => {
  const { ada, home, phone } = await signInOnThreeDevices();
  await signUp();
  const sessions = assertOk(await home.listSessions());
  assert.equal(sessions.length, 3);
  assert.ok(sessions.every((session) => session.userId === ada.user.id));
  assert.ok(sessions.every((session) => session.expiresAt instanceof Date));
  const { session } = assertOk(await phone.getSession());
  assert.ok(sessions.some(({ id, token }) => id === session.id && token === session.token));
  assert.deepEqual(assertError(await newClient().listSessions()), [401, 'UNAUTHORIZED']);
});

test('a person revokes the session of another device', async () => {
  const { home, phone, laptop } = await signInOnThreeDevices();
  const { session } = assertOk(await phone.getSession());
  assert.equal(assertOk(await home.revokeSession({ token: session.token })).status, true);
  assert.deepEqual([await isSignedIn(home), await isSignedIn(phone), await isSignedIn(laptop)], [true, false, true]);
});

test("a person cannot revoke another person's session", async () => {
  const ada = await signUp();
  const stranger = await signUp();
  assert.equal(assertOk(await stranger.auth.revokeSession({ token: ada.token })).status, true);
  assert.equal(await isSignedIn(ada.auth), true);
});

test('a person revokes the other sessions', async () => {
  const { home, phone, laptop } = await signInOnThreeDevices();
  assert.equal(assertOk(await home.revokeOtherSessions()).status, true);
  assert.deepEqual([await isSignedIn(home), await isSignedIn(phone), await isSignedIn(laptop)], [true, false, false]);
});

test('a person revokes all sessions', async () => {
  const { ada, home, phone, laptop } = await signInOnThreeDevices();
  assert.equal(assertOk(await home.revokeSessions()).status, true);
  assert.deepEqual([await isSignedIn(home), await isSignedIn(phone), await isSignedIn(laptop)], [false, false, false]);
  assert.deepEqual(cookiesOfSessions(ada.jar), []);
});

test('a session has no fields to update', async () => {
  const { auth } = await signUp();
  const { error } = await auth.updateSession({ theme: 'dark' });
  assert.deepEqual([error.status, error.message, error.code], [400, 'No fields to update', undefined]);
});
