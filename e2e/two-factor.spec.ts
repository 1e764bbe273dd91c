import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { codeOf, nextCodeOf, wrongCode } from './harness/authenticator';
import { executeSQL, makeSessionsStale } from './harness/database';
import { test } from './harness/feature-test';
import {
  clickAndWaitForAnswer,
  clickButton,
  errorMessage,
  signInToOpenDocs,
  signOutInMenu,
  submitSignIn,
} from './harness/forms';
import { expectSignedInOnDocs, getSessionEmail } from './harness/people';
import {
  appCodeField,
  chooseBackupCode,
  registerWithApp,
  secondStepMailField,
  submitAppCode,
  submitSecondStepMail,
  trustThisDevice,
} from './harness/second-factor';
import { expect, register } from './harness/test';

const totpPath = '/api/auth/two-factor/verify-totp';
const section = (page: Page) => page.getByRole('region', { name: 'Two-step verification' });
const passwordField = (page: Page) => section(page).getByLabel('Password', { exact: true });
const listedCodes = (page: Page) => section(page).getByRole('listitem');

test('a person sets up an app, saves the backup codes, and turns it off', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await register(context, person, origin);
  await page.goto(`${origin}/account/#two-step`);
  await expect(section(page).getByText('Off')).toBeVisible();
  await clickButton(page, 'Set up …');
  await expect(passwordField(page)).toBeFocused();
  await checkPageState(page, 'two-step-password');
  guard.allow(400, '/api/auth/two-factor/enable');
  await passwordField(page).fill('not the password');
  await clickButton(page, 'Continue');
  await expect(section(page).getByRole('alert')).toContainText('That is not your password.');
  await passwordField(page).fill(person.password);
  await clickButton(page, 'Continue');
  await expect(page.getByRole('img', { name: 'QR code for your authenticator app' })).toBeVisible();
  await checkPageState(page, 'two-step-setup');
  const secret = (await section(page).locator('code').textContent()) ?? '';
  guard.allow(401, totpPath);
  await page.getByLabel('Code that the app shows').fill(wrongCode(secret));
  await clickButton(page, 'Turn it on');
  await expect(section(page).getByRole('alert')).toContainText('That is not the code.');
  await page.getByLabel('Code that the app shows').fill(codeOf(secret));
  await clickButton(page, 'Turn it on');
  await expect(listedCodes(page)).toHaveCount(10);
  await checkPageState(page, 'two-step-backup-codes');
  const codes = await listedCodes(page).allTextContents();
  await clickButton(page, 'Copy');
  await expect(section(page).getByText('Copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(codes.join('\n'));
  const [download] = await Promise.all([page.waitForEvent('download'), clickButton(page, 'Download')]);
  expect(readFileSync(await download.path(), 'utf8')).toBe(`${codes.join('\n')}\n`);
  await clickButton(page, 'I have saved them');
  await expect(section(page).getByText('On', { exact: true })).toBeVisible();
  await expect(section(page).getByRole('button', { name: 'New backup codes …' })).toBeFocused();
  await checkPageState(page, 'two-step-on');

  await clickButton(page, 'New backup codes …');
  await passwordField(page).fill(person.password);
  await clickButton(page, 'Make new codes');
  await expect(listedCodes(page)).toHaveCount(10);
  expect(await listedCodes(page).allTextContents()).not.toEqual(codes);
  await clickButton(page, 'I have saved them');

  await clickButton(page, 'Turn off …');
  await checkPageState(page, 'two-step-turn-off');
  await passwordField(page).fill(person.password);
  await clickButton(page, 'Turn it off');
  await expect(section(page).getByText('Off')).toBeVisible();
});

test('after the password, a code of the app continues to the next page', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer();
  const { secret } = await registerWithApp(context, person, origin);
  await signInToOpenDocs(page, origin, person);
  await expect(page.getByRole('heading', { name: 'Second step' })).toBeVisible();
  await checkPageState(page, 'app');
  expect(await getSessionEmail(context, origin)).toBe('');
  guard.allow(401, totpPath);
  await submitAppCode(page, wrongCode(secret));
  await expect(errorMessage(page)).toContainText('That is not the code.');
  await checkPageState(page, 'app-wrong');
  await appCodeField(page).fill(nextCodeOf(secret));
  await appCodeField(page).press('Enter');
  await expectSignedInOnDocs(page, origin, person);
});

test('a mailed code or a backup code takes the place of the app', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
}) => {
  const { origin, mails } = await startFeatureServer();
  const { backupCodes } = await registerWithApp(context, person, origin);
  await signInToOpenDocs(page, origin, person);
  await clickButton(page, 'Use a code by e-mail');
  await checkPageState(page, 'mail');
  await clickButton(page, 'Send the code');
  await expect(secondStepMailField(page)).toBeFocused();
  await checkPageState(page, 'mail-code');
  await submitSecondStepMail(page, await mails.waitForToken('two-factor-otp', person.email));
  await expect(page).toHaveURL(`${origin}/docs/`);

  await context.clearCookies();
  await signInToOpenDocs(page, origin, person);
  await chooseBackupCode(page, backupCodes[0]);
  await checkPageState(page, 'backup');
  await clickButton(page, 'Continue');
  await expect(page).toHaveURL(`${origin}/docs/`);
});

test('a trusted device is not asked again', async ({ page, context, person, startFeatureServer }) => {
  const { origin } = await startFeatureServer();
  const { secret } = await registerWithApp(context, person, origin);
  await signInToOpenDocs(page, origin, person);
  await appCodeField(page).fill(nextCodeOf(secret));
  await trustThisDevice(page);
  await clickButton(page, 'Continue');
  await expect(page).toHaveURL(`${origin}/docs/`);
  await signOutInMenu(page);
  await signInToOpenDocs(page, origin, person);
  await expect(page).toHaveURL(`${origin}/docs/`);
});

test('after five wrong codes the sign-in starts again', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer();
  const { secret } = await registerWithApp(context, person, origin);
  await signInToOpenDocs(page, origin, person);
  guard.allow(401, totpPath);
  guard.allow(400, totpPath);
  for (let i = 0; i < 6; i++) {
    await appCodeField(page).fill(wrongCode(secret));
    await clickAndWaitForAnswer(page, 'Continue', totpPath);
    await expect(page.getByRole('button', { name: 'Continue' })).toHaveAttribute('aria-busy', 'false');
  }
  await expect(errorMessage(page)).toContainText('For your safety, start the sign-in again.');
  await checkPageState(page, 'too-many');
  await clickButton(page, 'Continue');
  await expect(errorMessage(page)).toContainText('This sign-in is over');
  await checkPageState(page, 'over');
  await page.getByRole('link', { name: 'Start again' }).click();
  await expect(page).toHaveURL(`${origin}/login/?next=%2Fdocs%2F`);
});

test('a locked account says for how long', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer();
  const { secret } = await registerWithApp(context, person, origin);
  await executeSQL(
    `UPDATE "twoFactor" SET "lockedUntil" = now() + interval '15 minutes'
     WHERE "userId" = (SELECT id FROM "user" WHERE email = $1)`,
    person.email,
  );
  await page.goto(`${origin}/login/`);
  await submitSignIn(page, person);
  guard.allow(429, totpPath);
  await submitAppCode(page, nextCodeOf(secret));
  await expect(errorMessage(page)).toContainText('No code of this account is accepted for up to 15 minutes.');
  await checkPageState(page, 'locked');
});

test('the dialog that asks for the password again has the second step, too', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin, mails } = await startFeatureServer();
  const { secret } = await registerWithApp(context, person, origin);
  await signInToOpenDocs(page, origin, person);
  await submitAppCode(page, nextCodeOf(secret));
  await expect(page).toHaveURL(`${origin}/docs/`);
  await makeSessionsStale(person.email);
  guard.allow(403, '/api/auth/list-sessions');
  await page.goto(`${origin}/account/`);
  await clickButton(page, 'Show my devices');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(`Password of ${person.email}`).fill(person.password);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(dialog.getByRole('heading', { name: 'Second step' })).toBeFocused();
  await checkPageState(page, 'password-again-second-step');
  await dialog.getByRole('button', { name: 'Use a code by e-mail' }).click();
  await dialog.getByRole('button', { name: 'Send the code' }).click();
  await expect(secondStepMailField(dialog)).toBeFocused();
  await secondStepMailField(dialog).fill(await mails.waitForToken('two-factor-otp', person.email));
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('This device')).toBeVisible(); // the call was made again
});
