// Emails: verify one, change it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertError, assertOk, newClient, newestMail, newPerson, openLink, signUp } from './browser.mjs';

test('a person verifies their email address', async () => {
  const ada = await signUp();
  const requested = await ada.auth.sendVerificationEmail({ email: ada.email, callbackURL: '/hello' });
  assert.equal(assertOk(requested).status, true);
  const { url } = await newestMail('verify-email', ada.email);
  assert.deepEqual(await openLink(url, ada.jar), { status: 302, location: '/hello' });
  assert.equal(assertOk(await ada.auth.getSession()).user.emailVerified, true);

  const again = await ada.auth.sendVerificationEmail({ email: ada.email });
  assert.deepEqual(assertError(again), [400, 'EMAIL_ALREADY_VERIFIED']);
});

test('the client verifies an email address with the token of the mail', async () => {
  const ada = await signUp();
  assertOk(await newClient().sendVerificationEmail({ email: ada.email }));
  const { token } = await newestMail('verify-email', ada.email);
  const verified = assertOk(await newClient().verifyEmail({ query: { token } }));
  assert.deepEqual([verified.status, verified.user], [true, null]);
  const bad = await newClient().verifyEmail({ query: { token: `${token}x` } });
  assert.deepEqual(assertError(bad), [401, 'INVALID_TOKEN']);
  const other = await ada.auth.sendVerificationEmail({ email: newPerson().email });
  assert.deepEqual(assertError(other), [400, 'EMAIL_MISMATCH']);
});

test('a person changes their email address', async () => {
  const ada = await signUp();
  const newEmail = newPerson().email;
  const requested = assertOk(await ada.auth.changeEmail({ newEmail, callbackURL: '/account' }));
  assert.equal(requested.status, true);
  assert.equal(assertOk(await ada.auth.getSession()).user.email, ada.email);

  const { url } = await newestMail('verify-email', newEmail);
  assert.deepEqual(await openLink(url, ada.jar), { status: 302, location: '/account' });
  assert.equal(assertOk(await ada.auth.getSession()).user.email, newEmail);
  assertOk(await newClient().signIn.email({ email: newEmail, password: ada.password }));
  assert.equal(assertError(await newClient().signIn.email(ada))[0], 401);
});

test('a change to the same email is rejected, and one to a registered email looks accepted', async () => {
  const ada = await signUp();
  const { error } = await ada.auth.changeEmail({ newEmail: ada.email });
  assert.deepEqual([error.status, error.message], [400, 'Email is the same']);
  const taken = (await signUp()).email;
  assert.equal(assertOk(await ada.auth.changeEmail({ newEmail: taken })).status, true);
  const anonymous = await newClient().changeEmail({ newEmail: newPerson().email });
  assert.deepEqual(assertError(anonymous), [401, 'UNAUTHORIZED']);
});
