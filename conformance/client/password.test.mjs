// Passwords: change, verify, forget and reset.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertError, assertOk, newClient, newestMail, newPerson, openLink, origin, signUp } from './browser.mjs';

const newPassword = 'another horse battery';

test('a person changes their password and keeps their sessions', async () => {
  const ada = await signUp();
  const phone = newClient();
  assertOk(await phone.signIn.email(ada));
  const changed = assertOk(await ada.auth.changePassword({ currentPassword: ada.password, newPassword }));
  assert.deepEqual([changed.token, changed.user.id], [null, ada.user.id]);
  assert.notEqual(assertOk(await phone.getSession()), null);
  assert.equal(assertError(await newClient().signIn.email(ada))[0], 401);
  assertOk(await newClient().signIn.email({ email: ada.email, password: newPassword }));
});

test('a person changes their password and ends the other sessions', async () => {
  const ada = await signUp();
  const phone = newClient();
  assertOk(await phone.signIn.email(ada));
  const changed = assertOk(
    await ada.auth.changePassword({
      currentPassword: ada.password,
      newPassword,
      revokeOtherSessions: true,
    }),
  );
  assert.equal(assertOk(await ada.auth.getSession()).session.token, changed.token);
  assert.equal(assertOk(await phone.getSession()), null);
});

test('a rejected change of password has a status and an error code', async () => {
  const ada = await signUp();
  const currentPassword = ada.password;
  const codes = [
    await ada.auth.changePassword({ currentPassword, newPassword: 'short' }),
    await ada.auth.changePassword({ currentPassword, newPassword: 'x'.repeat(129) }),
    await ada.auth.changePassword({ currentPassword: 'wrong horse', newPassword }),
    await newClient().changePassword({ currentPassword, newPassword }),
  ].map(assertError);
  assert.deepEqual(codes, [
    [400, 'PASSWORD_TOO_SHORT'],
    [400, 'PASSWORD_TOO_LONG'],
    [400, 'INVALID_PASSWORD'],
    [401, 'UNAUTHORIZED'],
  ]);
});

test('a person verifies their password', async () => {
  const ada = await signUp();
  assert.equal(assertOk(await ada.auth.verifyPassword({ password: ada.password })).status, true);
  const wrong = await ada.auth.verifyPassword({ password: 'wrong horse battery' });
  assert.deepEqual(assertError(wrong), [400, 'INVALID_PASSWORD']);
});

test('a person who forgot their password gets a new one', async () => {
  const ada = await signUp();
  const auth = newClient();
  const requested = assertOk(await auth.requestPasswordReset({ email: ada.email, redirectTo: '/new-password' }));
  const unknown = assertOk(await auth.requestPasswordReset({ email: newPerson().email }));
  assert.deepEqual(requested, unknown);

  const { url, token } = await newestMail('reset-password', ada.email);
  assert.deepEqual(await openLink(url), {
    status: 302,
    location: `${origin}/new-password?token=${token}`,
  });
  const short = await auth.resetPassword({ newPassword: 'short', token });
  assert.deepEqual(assertError(short), [400, 'PASSWORD_TOO_SHORT']);
  assert.equal(assertOk(await auth.resetPassword({ newPassword, token })).status, true);
  const again = await auth.resetPassword({ newPassword, token });
  assert.deepEqual(assertError(again), [400, 'INVALID_TOKEN']);
  assert.equal(assertOk(await auth.getSession()), null);

  assertOk(await auth.signIn.email({ email: ada.email, password: newPassword }));
  assert.match((await openLink(url)).location, /error=INVALID_TOKEN$/);
});
