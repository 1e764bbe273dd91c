// Passwords: change, verify, forget and reset.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, errorOf, newestMail, newPerson, ok, openLink, origin, signUp } from './browser.mjs';

const newPassword = 'another horse battery';

test('a person changes their password and keeps their sessions', async () => {
  const ada = await signUp();
  const phone = client();
  ok(await phone.signIn.email(ada));
  const changed = ok(await ada.auth.changePassword({ currentPassword: ada.password, newPassword }));
  assert.deepEqual([changed.token, changed.user.id], [null, ada.user.id]);
  assert.notEqual(ok(await phone.getSession()), null);
  assert.equal(errorOf(await client().signIn.email(ada))[0], 401);
  ok(await client().signIn.email({ email: ada.email, password: newPassword }));
});

test('a person changes their password and ends the other sessions', async () => {
  const ada = await signUp();
  const phone = client();
  ok(await phone.signIn.email(ada));
  const changed = ok(
    await ada.auth.changePassword({
      currentPassword: ada.password,
      newPassword,
      revokeOtherSessions: true,
    }),
  );
  assert.equal(ok(await ada.auth.getSession()).session.token, changed.token);
  assert.equal(ok(await phone.getSession()), null);
});

test('a rejected change of password has a status and an error code', async () => {
  const ada = await signUp();
  const currentPassword = ada.password;
  const codes = [
    await ada.auth.changePassword({ currentPassword, newPassword: 'short' }),
    await ada.auth.changePassword({ currentPassword, newPassword: 'x'.repeat(129) }),
    await ada.auth.changePassword({ currentPassword: 'wrong horse', newPassword }),
    await client().changePassword({ currentPassword, newPassword }),
  ].map(errorOf);
  assert.deepEqual(codes, [
    [400, 'PASSWORD_TOO_SHORT'],
    [400, 'PASSWORD_TOO_LONG'],
    [400, 'INVALID_PASSWORD'],
    [401, 'UNAUTHORIZED'],
  ]);
});

test('a person verifies their password', async () => {
  const ada = await signUp();
  assert.equal(ok(await ada.auth.verifyPassword({ password: ada.password })).status, true);
  const wrong = await ada.auth.verifyPassword({ password: 'wrong horse battery' });
  assert.deepEqual(errorOf(wrong), [400, 'INVALID_PASSWORD']);
});

test('a person who forgot their password gets a new one', async () => {
  const ada = await signUp();
  const auth = client();
  const requested = ok(await auth.requestPasswordReset({ email: ada.email, redirectTo: '/new-password' }));
  const unknown = ok(await auth.requestPasswordReset({ email: newPerson().email }));
  assert.deepEqual(requested, unknown);

  const { url, token } = await newestMail('reset-password', ada.email);
  assert.deepEqual(await openLink(url), {
    status: 302,
    location: `${origin}/new-password?token=${token}`,
  });
  const short = await auth.resetPassword({ newPassword: 'short', token });
  assert.deepEqual(errorOf(short), [400, 'PASSWORD_TOO_SHORT']);
  assert.equal(ok(await auth.resetPassword({ newPassword, token })).status, true);
  const again = await auth.resetPassword({ newPassword, token });
  assert.deepEqual(errorOf(again), [400, 'INVALID_TOKEN']);
  assert.equal(ok(await auth.getSession()), null);

  ok(await auth.signIn.email({ email: ada.email, password: newPassword }));
  assert.match((await openLink(url)).location, /error=INVALID_TOKEN$/);
});
