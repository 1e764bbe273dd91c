// Sign-in by mail with the plugins magicLinkClient and emailOTPClient of the stock client. MAGIC_LINK and EMAIL_OTP are
// on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthClient } from 'better-auth/client';
import { emailOTPClient, magicLinkClient } from 'better-auth/client/plugins';
import {
  assertError,
  assertOk,
  browserFetch,
  newestMail,
  newPerson,
  openLink,
  origin,
  serverURL,
  signUp,
} from '../browser.mjs';

// The stock client with both plugins, in the browser with the given jar.
function newMailClient(jar) {
  return createAuthClient({
    baseURL: serverURL,
    plugins: [magicLinkClient(), emailOTPClient()],
    fetchOptions: { customFetchImpl: browserFetch(jar) },
  });
}

async function sendCode(email, type) {
  assert.equal(assertOk(await newMailClient().emailOtp.sendVerificationOtp({ email, type })).success, true);
  const mail = await newestMail('email-otp', email);
  assert.equal(mail.type, type);
  return mail.token;
}

test('a new person signs in with a link, once', async () => {
  const jar = new Map();
  const auth = newMailClient(jar);
  const { email } = newPerson();
  const sent = await auth.signIn.magicLink({
    email,
    name: 'Ada',
    callbackURL: '/dashboard',
    newUserCallbackURL: '/welcome',
    errorCallbackURL: '/login',
  });
  assert.equal(assertOk(sent).status, true);
  const { url } = await newestMail('magic-link', email);
  assert.deepEqual(await openLink(url, jar), { status: 302, location: `${origin}/welcome` });
  const { user } = assertOk(await auth.getSession());
  assert.deepEqual([user.email, user.emailVerified, user.name], [email, true, 'Ada']);
  assert.deepEqual(await openLink(url), { status: 302, location: `${origin}/login?error=INVALID_TOKEN` });
});

test('the client verifies a link itself', async () => {
  const auth = newMailClient(new Map());
  const { email } = newPerson();
  assertOk(await auth.signIn.magicLink({ email }));
  const { token } = await newestMail('magic-link', email);
  const verified = assertOk(await auth.magicLink.verify({ query: { token } }));
  assert.equal(verified.user.email, email);
  assert.equal(assertOk(await auth.getSession()).session.token, verified.token);
});

test('a new person signs in with a code, once', async () => {
  const auth = newMailClient(new Map());
  const { email } = newPerson();
  const otp = await sendCode(email, 'sign-in');
  const wrong = otp === '000000' ? '000001' : '000000';
  assert.deepEqual(assertError(await auth.signIn.emailOtp({ email, otp: wrong })), [400, 'INVALID_OTP']);
  const signedIn = assertOk(await auth.signIn.emailOtp({ email, otp, name: 'Ada' }));
  assert.deepEqual([signedIn.user.email, signedIn.user.name], [email, 'Ada']);
  assert.equal(assertOk(await auth.getSession()).session.token, signedIn.token);
  assert.deepEqual(assertError(await newMailClient().signIn.emailOtp({ email, otp })), [400, 'INVALID_OTP']);
});

test('three wrong codes use up a code', async () => {
  const auth = newMailClient();
  const { email } = newPerson();
  const otp = await sendCode(email, 'sign-in');
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(assertError(await auth.signIn.emailOtp({ email, otp: 'wrong' })), [400, 'INVALID_OTP']);
  }
  assert.deepEqual(assertError(await auth.signIn.emailOtp({ email, otp })), [403, 'TOO_MANY_ATTEMPTS']);
});

test('a person checks a code and verifies the email with it', async () => {
  const ada = await signUp();
  const auth = newMailClient(ada.jar);
  const otp = await sendCode(ada.email, 'email-verification');
  const check = { email: ada.email, type: 'email-verification', otp };
  assert.equal(assertOk(await auth.emailOtp.checkVerificationOtp(check)).success, true);
  const verified = assertOk(await auth.emailOtp.verifyEmail({ email: ada.email, otp }));
  assert.deepEqual([verified.status, verified.token, verified.user.emailVerified], [true, null, true]);
  assert.equal(assertOk(await auth.getSession()).user.emailVerified, true);
});

test('a person resets the password with a code', async () => {
  const ada = await signUp();
  const auth = newMailClient();
  for (const request of [auth.emailOtp.requestPasswordReset, auth.forgetPassword.emailOtp]) {
    assert.equal(assertOk(await request({ email: ada.email })).success, true);
  }
  const { token, type } = await newestMail('email-otp', ada.email);
  assert.equal(type, 'forget-password');
  const reset = { email: ada.email, otp: token, password: 'another horse battery' };
  const short = await auth.emailOtp.resetPassword({ ...reset, password: 'short' });
  assert.deepEqual(assertError(short), [400, 'PASSWORD_TOO_SHORT']);
  assert.equal(assertOk(await auth.emailOtp.resetPassword(reset)).success, true);
  assertOk(await auth.signIn.email({ email: ada.email, password: reset.password }));
});

test('the email cannot be changed with a code', async () => {
  const ada = await signUp();
  const auth = newMailClient(ada.jar);
  const newEmail = newPerson().email;
  for (const { error } of [
    await auth.emailOtp.requestEmailChange({ newEmail }),
    await auth.emailOtp.changeEmail({ newEmail, otp: '000000' }),
  ]) {
    assert.deepEqual([error.status, error.message], [400, 'Change email with OTP is disabled']);
  }
});
