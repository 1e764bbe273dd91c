// Emails: verify one, change it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, errorOf, newestMail, newPerson, ok, openLink, signUp } from './browser.mjs';

test('a person verifies their email address', async () => {
  const ada = await signUp();
  const requested = await ada.auth.sendVerificationEmail({ email: ada.email, callbackURL: '/hello' });
  assert.equal(ok(requested).status, true);
  const { url } = await newestMail('verify-email', ada.email);
  assert.deepEqual(await openLink(url, ada.jar), { status: 302, location: '/hello' });
  assert.equal(ok(await ada.auth.getSession()).user.emailVerified, true);

  const again = await ada.auth.sendVerificationEmail({ email: ada.email });
  assert.deepEqual(errorOf(again), [400, 'EMAIL_ALREADY_VERIFIED']);
});

test('the client verifies an email address with the token of the mail', async () => {
  const ada = await signUp();
  ok(await client().sendVerificationEmail({ email: ada.email }));
  const { token } = await newestMail('verify-email', ada.email);
  const verified = ok(await client().verifyEmail({ query: { token } }));
  assert.deepEqual([verified.status, verified.user], [true, null]);
  const bad = await client().verifyEmail({ query: { token: `${token}x` } });
  assert.deepEqual(errorOf(bad), [401, 'INVALID_TOKEN']);
  const other = await ada.auth.sendVerificationEmail({ email: newPerson().email });
  assert.deepEqual(errorOf(other), [400, 'EMAIL_MISMATCH']);
});

test('a person changes their email address', async () => {
  const ada = await signUp();
  const newEmail = newPerson().email;
  const requested = ok(await ada.auth.changeEmail({ newEmail, callbackURL: '/account' }));
  assert.equal(requested.status, true);
  assert.equal(ok(await ada.auth.getSession()).user.email, ada.email);

  const { url } = await newestMail('verify-email', newEmail);
  assert.deepEqual(await openLink(url, ada.jar), { status: 302, location: '/account' });
  assert.equal(ok(await ada.auth.getSession()).user.email, newEmail);
  ok(await client().signIn.email({ email: newEmail, password: ada.password }));
  assert.equal(errorOf(await client().signIn.email(ada))[0], 401);
});

test('a change to the same email is rejected, and one to a registered email looks accepted', async () => {
  const ada = await signUp();
  const { error } = await ada.auth.changeEmail({ newEmail: ada.email });
  assert.deepEqual([error.status, error.message], [400, 'Email is the same']);
  const taken = (await signUp()).email;
  assert.equal(ok(await ada.auth.changeEmail({ newEmail: taken })).status, true);
  const anonymous = await client().changeEmail({ newEmail: newPerson().email });
  assert.deepEqual(errorOf(anonymous), [401, 'UNAUTHORIZED']);
});
