// The plugin admin, with an administrator whom the Go test has created.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthClient } from 'better-auth/client';
import { adminClient } from 'better-auth/client/plugins';
import { assertError, assertOk, browserFetch, newClient, newPerson, password, serverURL, signUp } from '../browser.mjs';

function newAdminClient(jar) {
  return createAuthClient({
    baseURL: serverURL,
    plugins: [adminClient()],
    fetchOptions: { customFetchImpl: browserFetch(jar) },
  });
}

// Signs in as the administrator, in a new browser.
async function signInAsAdmin() {
  const client = newAdminClient(new Map());
  assertOk(await client.signIn.email({ email: 'admin@example.com', password }));
  return client;
}

test('an administrator finds, bans and unbans a user', async () => {
  const ada = await signUp();
  const client = await signInAsAdmin();
  const query = { searchValue: ada.email, searchField: 'email', searchOperator: 'starts_with', limit: 5 };
  const found = assertOk(await client.admin.listUsers({ query }));
  assert.deepEqual([found.total, found.limit, found.users[0].id], [1, 5, ada.user.id]);
  const filterValue = [ada.email, 'none@example.com'];
  const filter = { filterField: 'email', filterOperator: 'in', filterValue };
  assert.equal(assertOk(await client.admin.listUsers({ query: filter })).total, 1);

  const { user } = assertOk(await client.admin.banUser({ userId: ada.user.id, banReason: 'spam', banExpiresIn: 3600 }));
  assert.deepEqual([user.banned, user.banReason], [true, 'spam']);
  assert.ok(user.banExpires > new Date());
  assert.equal(assertOk(await ada.auth.getSession()), null);
  assert.deepEqual(assertError(await newClient().signIn.email(ada)), [403, 'BANNED_USER']);
  assertOk(await client.admin.unbanUser({ userId: ada.user.id }));
  assertOk(await newClient().signIn.email(ada));
});

test('an administrator creates, changes and removes a user', async () => {
  const client = await signInAsAdmin();
  const bo = newPerson();
  const { user } = assertOk(await client.admin.createUser({ ...bo, role: 'user', data: { emailVerified: true } }));
  assert.deepEqual([user.email, user.emailVerified, user.role], [bo.email, true, 'user']);
  assertOk(await newClient().signIn.email(bo));
  const changed = assertOk(await client.admin.updateUser({ userId: user.id, data: { name: 'Bo II' } }));
  assert.equal(changed.name, 'Bo II');
  assert.equal(assertOk(await client.admin.setRole({ userId: user.id, role: 'admin' })).user.role, 'admin');
  const newPassword = 'battery staple horse';
  assert.equal(assertOk(await client.admin.setUserPassword({ userId: user.id, newPassword })).status, true);
  assertOk(await newClient().signIn.email({ ...bo, password: newPassword }));
  const { sessions } = assertOk(await client.admin.listUserSessions({ userId: user.id }));
  assert.equal(sessions.length, 2);
  const [{ token: sessionToken }] = sessions;
  assert.equal(assertOk(await client.admin.revokeUserSession({ sessionToken })).success, true);
  assert.equal(assertOk(await client.admin.revokeUserSessions({ userId: user.id })).success, true);
  assert.equal(assertOk(await client.admin.removeUser({ userId: user.id })).success, true);
  const query = { id: user.id };
  assert.deepEqual(assertError(await client.admin.getUser({ query })), [404, 'USER_NOT_FOUND']);
});

test('an administrator acts as a user and becomes the administrator again', async () => {
  const ada = await signUp();
  const client = await signInAsAdmin();
  const admin = assertOk(await client.getSession()).user;
  const { session, user } = assertOk(await client.admin.impersonateUser({ userId: ada.user.id }));
  assert.deepEqual([user.id, session.impersonatedBy], [ada.user.id, admin.id]);
  const now = assertOk(await client.getSession());
  assert.deepEqual([now.user.id, now.session.impersonatedBy], [ada.user.id, admin.id]);
  assert.equal(assertError(await client.admin.listUsers({ query: {} }))[0], 403);
  assert.equal(assertOk(await ada.auth.listSessions()).length, 1);
  assertOk(await client.admin.stopImpersonating());
  assert.equal(assertOk(await client.getSession()).user.id, admin.id);
});

test('a user without the role has no rights', async () => {
  const { jar } = await signUp();
  const client = newAdminClient(jar);
  const list = await client.admin.listUsers({ query: {} });
  assert.deepEqual(assertError(list), [403, 'YOU_ARE_NOT_ALLOWED_TO_LIST_USERS']);
  const rights = { permissions: { user: ['list'] } };
  assert.equal(assertOk(await client.admin.hasPermission(rights)).success, false);
  assert.equal(assertOk(await (await signInAsAdmin()).admin.hasPermission(rights)).success, true);
  assert.equal(client.admin.checkRolePermission({ ...rights, role: 'admin' }), true);
});
