// The second factor with the stock client's plugin, and with an authenticator library of others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthClient } from 'better-auth/client';
import { twoFactorClient } from 'better-auth/client/plugins';
import * as OTPAuth from 'otpauth';
import { assertError, assertOk, browserFetch, newestMail, newPerson, serverURL } from '../browser.mjs';

// The stock client with its plugin twoFactor in a new browser. redirects gets what it passes to onTwoFactorRedirect.
function newTwoFactorClient(redirects = [], jar = new Map()) {
  return createAuthClient({
    baseURL: serverURL,
    plugins: [twoFactorClient({ onTwoFactorRedirect: (context) => redirects.push(context.twoFactorMethods) })],
    fetchOptions: { customFetchImpl: browserFetch(jar) },
  });
}

// Registers a person and sets up an authenticator app. The first code is that of the period before, so that the
// current one still works.
async function personWithApp() {
  const ada = newPerson();
  const auth = newTwoFactorClient();
  assertOk(await auth.signUp.email(ada));
  const { totpURI, backupCodes } = assertOk(await auth.twoFactor.enable({ password: ada.password }));
  const app = OTPAuth.URI.parse(totpURI);
  const code = (periods = 0) => app.generate({ timestamp: Date.now() + periods * 30_000 });
  assertOk(await auth.twoFactor.verifyTotp({ code: code(-1) }));
  assert.equal(assertOk(await auth.getSession()).user.twoFactorEnabled, true);
  return { ...ada, auth, app, code, backupCodes };
}

test('an app of others reads the QR code, and its codes finish a sign-in', async () => {
  const ada = await personWithApp();
  assert.ok(ada.app instanceof OTPAuth.TOTP);
  assert.deepEqual([ada.app.label, ada.app.algorithm, ada.app.digits, ada.app.period], [ada.email, 'SHA1', 6, 30]);
  const redirects = [];
  const auth = newTwoFactorClient(redirects);
  const first = assertOk(await auth.signIn.email({ email: ada.email, password: ada.password }));
  assert.equal(first.twoFactorRedirect, true);
  assert.deepEqual(redirects, [['totp', 'otp']]);
  assert.equal(assertOk(await auth.getSession()), null);
  assert.deepEqual(assertError(await auth.twoFactor.verifyTotp({ code: '000' })), [401, 'INVALID_CODE']);
  const signedIn = assertOk(await auth.twoFactor.verifyTotp({ code: ada.code(), trustDevice: true }));
  assert.equal(assertOk(await auth.getSession()).session.token, signedIn.token);
  const again = assertOk(await auth.signIn.email({ email: ada.email, password: ada.password }));
  assert.ok(again.token, 'a trusted device needs no second factor');
});

test('a mailed code and a backup code finish a sign-in', async () => {
  const ada = await personWithApp();
  const byMail = newTwoFactorClient();
  assertOk(await byMail.signIn.email({ email: ada.email, password: ada.password }));
  assert.equal(assertOk(await byMail.twoFactor.sendOtp()).status, true);
  const { token } = await newestMail('two-factor-otp', ada.email);
  assertOk(await byMail.twoFactor.verifyOtp({ code: token }));
  assert.equal(assertOk(await byMail.getSession()).user.email, ada.email);

  const byCode = newTwoFactorClient();
  assertOk(await byCode.signIn.email({ email: ada.email, password: ada.password }));
  assertOk(await byCode.twoFactor.verifyBackupCode({ code: ada.backupCodes[0] }));
  assert.equal(assertOk(await byCode.getSession()).user.email, ada.email);
  const { backupCodes } = assertOk(await byCode.twoFactor.generateBackupCodes({ password: ada.password }));
  assert.equal(backupCodes.length, 10);
});

test('a person shows the secret again and switches the second factor off', async () => {
  const ada = await personWithApp();
  const { totpURI } = assertOk(await ada.auth.twoFactor.getTotpUri({ password: ada.password }));
  assert.equal(OTPAuth.URI.parse(totpURI).secret.base32, ada.app.secret.base32);
  const wrong = await ada.auth.twoFactor.disable({ password: 'wrong horse battery' });
  assert.deepEqual(assertError(wrong), [400, 'INVALID_PASSWORD']);
  assertOk(await ada.auth.twoFactor.disable({ password: ada.password }));
  assert.equal(assertOk(await ada.auth.getSession()).user.twoFactorEnabled, false);
  const auth = newTwoFactorClient();
  assert.ok(assertOk(await auth.signIn.email({ email: ada.email, password: ada.password })).token);
});
