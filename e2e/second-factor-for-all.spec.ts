import type { Page } from '@playwright/test';
import { nextCodeOf } from './harness/authenticator';
import { executeSQL } from './harness/database';
import { test } from './harness/feature-test';
import { clickButton, signInToOpenDocs, signOutInMenu } from './harness/forms';
import { answerFontRequests, providerName, signInAndConsent, startIdentityProvider } from './harness/identity-provider';
import { codeField, getMailedCode, getMailedLink } from './harness/passwordless';
import { expectSignedInOnDocs, getSessionEmail } from './harness/people';
import {
  chooseBackupCode,
  registerWithApp,
  submitAppCode,
  submitSecondStepMail,
  trustThisDevice,
} from './harness/second-factor';
import { expect } from './harness/test';

// With TWO_FACTOR_FOR=all every way to sign in asks for the second factor.

const forAll = { TWO_FACTOR_FOR: 'all' } as const;

/**
 * Registers with an authenticator app and verifies the email. A mailed link or code deletes the second factor of an
 * email that is not verified.
 */
async function registerVerifiedWithApp(
  ...args: Parameters<typeof registerWithApp>
): ReturnType<typeof registerWithApp> {
  const registered = await registerWithApp(...args);
  const [, person] = args;
  await executeSQL(`UPDATE "user" SET "emailVerified" = true WHERE email = $1`, person.email);
  return registered;
}

/** Checks that the page asks for the second step and that there is no session yet. */
async function expectSecondStep(page: Page, origin: string): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Second step' })).toBeVisible();
  await expect(page).toHaveURL(`${origin}/two-factor/?next=%2Fdocs%2F&methods=totp,otp`);
  for (const other of ['Use a code by e-mail', 'Use a backup code'])
    await expect(page.getByRole('button', { name: other })).toBeVisible();
  expect(await getSessionEmail(page.context(), origin)).toBe('');
}

test('after a sign-in at a provider, a code of the app continues to the next page', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
}) => {
  const provider = await startIdentityProvider();
  await answerFontRequests(context);
  try {
    const { origin } = await startFeatureServer({ ...forAll, ...provider.settings });
    await provider.addClient(origin);
    const { secret } = await registerVerifiedWithApp(context, person, origin);
    await page.goto(`${origin}/login/?next=/docs/`);
    await page.getByRole('button', { name: `Sign in with ${providerName}` }).click();
    await signInAndConsent(page, person.email);
    await expectSecondStep(page, origin);
    await checkPageState(page, 'after-provider');
    await submitAppCode(page, nextCodeOf(secret));
    await expectSignedInOnDocs(page, origin, person);
  } finally {
    await provider.stop();
  }
});

test('a mailed link asks for the second step, and not on a trusted device', async ({
  page,
  context,
  person,
  startFeatureServer,
}) => {
  const server = await startFeatureServer(forAll);
  const { origin } = server;
  const { backupCodes } = await registerVerifiedWithApp(context, person, origin);
  await page.goto(await getMailedLink(page, server, person.email));
  await expectSecondStep(page, origin);
  await chooseBackupCode(page, backupCodes[0]);
  await trustThisDevice(page);
  await clickButton(page, 'Continue');
  await expectSignedInOnDocs(page, origin, person);
  await signOutInMenu(page);
  await page.goto(await getMailedLink(page, server, person.email));
  await expectSignedInOnDocs(page, origin, person);
});

test('a mailed link that needs a click asks for the second step after the click', async ({
  page,
  context,
  person,
  startFeatureServer,
}) => {
  const server = await startFeatureServer({ ...forAll, MAGIC_LINK_CONFIRM: 'on' });
  const { origin } = server;
  const { secret } = await registerVerifiedWithApp(context, person, origin);
  await page.goto(await getMailedLink(page, server, person.email));
  await clickButton(page, 'Sign in');
  await expectSecondStep(page, origin);
  await submitAppCode(page, nextCodeOf(secret));
  await expectSignedInOnDocs(page, origin, person);
});

test('a mailed code asks for the second step, for which another code is mailed', async ({
  page,
  context,
  person,
  startFeatureServer,
}) => {
  const server = await startFeatureServer(forAll);
  const { origin, mails } = server;
  await registerVerifiedWithApp(context, person, origin);
  const code = await getMailedCode(page, server, person.email);
  await codeField(page).fill(code);
  await clickButton(page, 'Sign in');
  await expectSecondStep(page, origin);
  await clickButton(page, 'Use a code by e-mail');
  await clickButton(page, 'Send the code');
  await submitSecondStepMail(page, await mails.waitForToken('two-factor-otp', person.email));
  await expectSignedInOnDocs(page, origin, person);
});

test('a password asks for the second step, too', async ({ page, context, person, startFeatureServer }) => {
  const { origin } = await startFeatureServer(forAll);
  const { secret } = await registerVerifiedWithApp(context, person, origin);
  await signInToOpenDocs(page, origin, person);
  await expectSecondStep(page, origin);
  await submitAppCode(page, nextCodeOf(secret));
  await expectSignedInOnDocs(page, origin, person);
});
