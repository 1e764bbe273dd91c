// The user's own data: update it, list the accounts, delete the user.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertError, assertOk, cookiesOfSessions, newClient, signUp } from './browser.mjs';

test('a person changes their name and picture', async () => {
  const { auth, user } = await signUp();
  const image = 'https://example.com/ada.png';
  assert.equal(assertOk(await auth.updateUser({ name: 'Countess', image })).status, true);
  let now = assertOk(await auth.getSession()).user;
  assert.deepEqual([now.name, now.image], ['Countess', image]);
  assert.ok(now.updatedAt >= user.updatedAt);
  assertOk(await auth.updateUser({ image: null }));
  now = assertOk(await auth.getSession()).user;
  assert.deepEqual([now.name, now.image], ['Countess', null]);
});

test('fields that cannot be updated are rejected', async () => {
  const { auth } = await signUp();
  const email = await auth.updateUser({ email: 'new@example.com' });
  assert.deepEqual(assertError(email), [400, 'EMAIL_CAN_NOT_BE_UPDATED']);
  const { error } = await auth.updateUser({ role: 'admin' });
  assert.deepEqual([error.status, error.message], [400, 'No fields to update']);
  assert.deepEqual(assertError(await newClient().updateUser({ name: 'x' })), [401, 'UNAUTHORIZED']);
});

test('a person lists their accounts and cannot unlink the last account', async () => {
  const { auth, user } = await signUp();
  const accounts = assertOk(await auth.listAccounts());
  assert.equal(accounts.length, 1);
  const [account] = accounts;
  assert.deepEqual(
    [account.providerId, account.accountId, account.userId, account.scopes],
    ['credential', user.id, user.id, []],
  );
  assert.equal('password' in account, false);
  const last = await auth.unlinkAccount({ accountId: account.id });
  assert.deepEqual(assertError(last), [400, 'FAILED_TO_UNLINK_LAST_ACCOUNT']);
  const query = { accountId: account.id };
  assert.deepEqual(assertError(await auth.accountInfo({ query })), [400, 'PROVIDER_NOT_CONFIGURED']);
  const body = { accountId: account.id };
  assert.deepEqual(assertError(await auth.getAccessToken(body)), [400, 'PROVIDER_NOT_SUPPORTED']);
  assert.deepEqual(assertError(await auth.refreshToken(body)), [400, 'PROVIDER_NOT_SUPPORTED']);
});

test('a person deletes their account with their password', async () => {
  const ada = await signUp();
  const wrong = await ada.auth.deleteUser({ password: 'wrong horse battery' });
  assert.deepEqual(assertError(wrong), [400, 'INVALID_PASSWORD']);
  const deleted = assertOk(await ada.auth.deleteUser({ password: ada.password }));
  assert.deepEqual([deleted.success, deleted.message], [true, 'User deleted']);
  assert.deepEqual(cookiesOfSessions(ada.jar), []);
  assert.equal(assertOk(await ada.auth.getSession()), null);
  assert.equal(assertError(await newClient().signIn.email(ada))[0], 401);
});

test('a fresh session is enough to delete an account', async () => {
  const { auth } = await signUp();
  assert.equal(assertOk(await auth.deleteUser()).success, true);
  assert.deepEqual(assertError(await auth.deleteUser()), [401, 'UNAUTHORIZED']);
});
