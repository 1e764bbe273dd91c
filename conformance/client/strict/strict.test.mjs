// The client against a server that requires verified email addresses, asks for confirmation of deletions and changes by
// mail, and caches sessions in a cookie. REQUIRE_EMAIL_VERIFICATION, SEND_VERIFICATION_ON_SIGN_IN,
// AUTO_SIGN_IN_AFTER_VERIFICATION, DELETE_USER_VERIFICATION and CHANGE_EMAIL_CONFIRMATION are on. COOKIE_CACHE is
// compact.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertError, assertOk, newClient, newestMail, newPerson, openLink } from '../browser.mjs';

// Signs up a user who then opens the link in the mail.
async function signUpAndVerify() {
  const jar = new Map();
  const auth = newClient(jar);
  const ada = newPerson();
  assertOk(await auth.signUp.email({ ...ada, callbackURL: '/welcome' }));
  const { url } = await newestMail('verify-email', ada.email);
  assert.deepEqual(await openLink(url, jar), { status: 302, location: '/welcome' });
  return { ...ada, auth, jar };
}

test('a person cannot sign in before the email address is verified', async () => {
  const auth = newClient();
  const ada = newPerson();
  const signedUp = assertOk(await auth.signUp.email(ada));
  assert.deepEqual([signedUp.token, signedUp.user.emailVerified], [null, false]);
  assert.equal(assertOk(await auth.getSession()), null);
  const first = await newestMail('verify-email', ada.email);
  assert.deepEqual(assertError(await auth.signIn.email(ada)), [403, 'EMAIL_NOT_VERIFIED']);
  const second = await newestMail('verify-email', ada.email);
  assert.ok(Date.parse(second.at) >= Date.parse(first.at));

  const taken = assertOk(await newClient().signUp.email({ ...ada, name: 'Another user' }));
  assert.deepEqual([taken.token, taken.user.name], [null, 'Another user']);
});

test('the link in the mail signs the user in only once', async () => {
  const ada = await signUpAndVerify();
  const { user } = assertOk(await ada.auth.getSession());
  assert.deepEqual([user.email, user.emailVerified], [ada.email, true]);
  const { url } = await newestMail('verify-email', ada.email);
  const thief = new Map();
  await openLink(url, thief);
  assert.equal(assertOk(await newClient(thief).getSession()), null);
});

test('get-session reads the cache cookie, and sensitive calls read the database', async () => {
  const ada = await signUpAndVerify();
  assertOk(await ada.auth.getSession());
  assert.ok(ada.jar.has('better-auth.session_data'));
  const elsewhere = newClient();
  assertOk(await elsewhere.signIn.email(ada));
  assertOk(await elsewhere.revokeOtherSessions());
  assert.equal(assertOk(await ada.auth.getSession()).user.email, ada.email);
  assert.deepEqual(assertError(await ada.auth.verifyPassword(ada)), [401, 'UNAUTHORIZED']);
  const fromDatabase = { query: { disableCookieCache: true } };
  assert.equal(assertOk(await ada.auth.getSession(fromDatabase)), null);
});

test('a change of email address is confirmed with a link to the old address first', async () => {
  const ada = await signUpAndVerify();
  const newEmail = newPerson().email;
  assertOk(await ada.auth.changeEmail({ newEmail, callbackURL: '/account' }));
  const requested = await newestMail('change-email-confirmation', ada.email);
  assert.equal(requested.newEmail, newEmail);
  assert.equal((await openLink(requested.url, ada.jar)).status, 302);
  const { url } = await newestMail('verify-email', newEmail);
  assert.deepEqual(await openLink(url, ada.jar), { status: 302, location: '/account' });
  const { user } = assertOk(await ada.auth.getSession());
  assert.deepEqual([user.email, user.emailVerified], [newEmail, true]);
});

test('an account is deleted by the link in the mail', async () => {
  const ada = await signUpAndVerify();
  const requested = assertOk(await ada.auth.deleteUser({ callbackURL: '/goodbye' }));
  assert.deepEqual([requested.success, requested.message], [true, 'Verification email sent']);
  assert.notEqual(assertOk(await ada.auth.getSession()), null);
  const { url } = await newestMail('delete-account', ada.email);
  assert.equal((await openLink(url, new Map())).status, 404);
  assert.deepEqual(await openLink(url, ada.jar), { status: 302, location: '/goodbye' });
  assert.equal(assertOk(await ada.auth.getSession()), null);
});

test('an account is deleted with the token of the mail', async () => {
  const ada = await signUpAndVerify();
  assertOk(await ada.auth.deleteUser());
  const { token } = await newestMail('delete-account', ada.email);
  assert.equal(assertOk(await ada.auth.deleteUser({ token })).message, 'User deleted');
});
