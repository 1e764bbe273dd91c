import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { codeOf, nextCodeOf, wrongCode } from './harness/authenticator';
import { executeSQL, makeSessionsStale } from './harness/database';
import { allFeatures, buildFeatureSite } from './harness/feature-site';
import { errorMessage, submitSignIn, waitUntilSignedOut } from './harness/forms';
import { getSessionEmail } from './harness/people';
import { registerWithApp } from './harness/second-factor';
import { expect, register, test } from './harness/test';

let site: string;
test.beforeAll(async () => {
  test.setTimeout(420_000); // the first worker builds the site
  site = await buildFeatureSite();
});

const totpPath = '/api/auth/two-factor/verify-totp';
const section = (page: Page) => page.getByRole('region', { name: 'Two-step verification' });
const appCode = (page: Page) => page.getByLabel('Code of your authenticator app');
const press = (page: Page, name: string) => page.getByRole('main').getByRole('button', { name, exact: true }).click();

test('a person sets up an app, saves the backup codes, and turns it off', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await register(context, person, origin);
  await page.goto(`${origin}/account/#two-step`);
  await expect(section(page).getByText('Off')).toBeVisible();
  await section(page).getByRole('button', { name: 'Set up …' }).click();
  await expect(section(page).getByLabel('Password', { exact: true })).toBeFocused();
  await checkPageState(page, 'two-step-password');
  guard.allow(400, '/api/auth/two-factor/enable');
  await section(page).getByLabel('Password', { exact: true }).fill('not the password');
  await press(page, 'Continue');
  await expect(section(page).getByRole('alert')).toContainText('That is not your password.');
  await section(page).getByLabel('Password', { exact: true }).fill(person.password);
  await press(page, 'Continue');
  await expect(page.getByRole('img', { name: 'QR code for your authenticator app' })).toBeVisible();
  await checkPageState(page, 'two-step-setup');
  const secret = (await section(page).locator('code').textContent()) ?? '';
  guard.allow(401, totpPath);
  await page.getByLabel('Code that the app shows').fill(wrongCode(secret));
  await press(page, 'Turn it on');
  await expect(section(page).getByRole('alert')).toContainText('That is not the code.');
  await page.getByLabel('Code that the app shows').fill(codeOf(secret));
  await press(page, 'Turn it on');
  await expect(section(page).getByRole('listitem')).toHaveCount(10);
  await checkPageState(page, 'two-step-backup-codes');
  const codes = await section(page).getByRole('listitem').allTextContents();
  await press(page, 'Copy');
  await expect(section(page).getByText('Copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(codes.join('\n'));
  const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Download')]);
  expect(readFileSync(await download.path(), 'utf8')).toBe(`${codes.join('\n')}\n`);
  await press(page, 'I have saved them');
  await expect(section(page).getByText('On', { exact: true })).toBeVisible();
  await expect(section(page).getByRole('button', { name: 'New backup codes …' })).toBeFocused();
  await checkPageState(page, 'two-step-on');

  await section(page).getByRole('button', { name: 'New backup codes …' }).click();
  await section(page).getByLabel('Password', { exact: true }).fill(person.password);
  await press(page, 'Make new codes');
  await expect(section(page).getByRole('listitem')).toHaveCount(10);
  expect(await section(page).getByRole('listitem').allTextContents()).not.toEqual(codes);
  await press(page, 'I have saved them');

  await section(page).getByRole('button', { name: 'Turn off …' }).click();
  await checkPageState(page, 'two-step-turn-off');
  await section(page).getByLabel('Password', { exact: true }).fill(person.password);
  await press(page, 'Turn it off');
  await expect(section(page).getByText('Off')).toBeVisible();
});

test('after the password, a code of the app continues to the next page', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  const { secret } = await registerWithApp(context, person, origin);
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  await expect(page.getByRole('heading', { name: 'Second step' })).toBeVisible();
  await checkPageState(page, 'app');
  expect(await getSessionEmail(context, origin)).toBe('');
  guard.allow(401, totpPath);
  await appCode(page).fill(wrongCode(secret));
  await press(page, 'Continue');
  await expect(errorMessage(page)).toContainText('That is not the code.');
  await checkPageState(page, 'app-wrong');
  await appCode(page).fill(nextCodeOf(secret));
  await appCode(page).press('Enter');
  await expect(page).toHaveURL(`${origin}/docs/`);
  expect(await getSessionEmail(context, origin)).toBe(person.email);
});

test('a mailed code or a backup code takes the place of the app', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
}) => {
  const { origin, mails } = await startServer(allFeatures, [], site);
  const { backupCodes } = await registerWithApp(context, person, origin);
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  await press(page, 'Use a code by e-mail');
  await checkPageState(page, 'mail');
  await press(page, 'Send the code');
  await expect(page.getByLabel('Code we have mailed you')).toBeFocused();
  await checkPageState(page, 'mail-code');
  await page.getByLabel('Code we have mailed you').fill(await mails.waitForToken('two-factor-otp', person.email));
  await press(page, 'Continue');
  await expect(page).toHaveURL(`${origin}/docs/`);

  await context.clearCookies();
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  await press(page, 'Use a backup code');
  await page.getByLabel('Backup code').fill(backupCodes[0] ?? '');
  await checkPageState(page, 'backup');
  await press(page, 'Continue');
  await expect(page).toHaveURL(`${origin}/docs/`);
});

test('a trusted device is not asked again', async ({ page, context, person, startServer }) => {
  const { origin } = await startServer(allFeatures, [], site);
  const { secret } = await registerWithApp(context, person, origin);
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  await appCode(page).fill(nextCodeOf(secret));
  await page.getByLabel('Do not ask on this device for 30 days').check();
  await press(page, 'Continue');
  await expect(page).toHaveURL(`${origin}/docs/`);
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await waitUntilSignedOut(page);
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  await expect(page).toHaveURL(`${origin}/docs/`);
});

test('after five wrong codes the sign-in starts again', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  const { secret } = await registerWithApp(context, person, origin);
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  guard.allow(401, totpPath);
  guard.allow(400, totpPath);
  for (let i = 0; i < 6; i++) {
    await appCode(page).fill(wrongCode(secret));
    const answer = page.waitForResponse((response) => response.url().endsWith(totpPath));
    await press(page, 'Continue');
    await answer;
    await expect(page.getByRole('button', { name: 'Continue' })).toHaveAttribute('aria-busy', 'false');
  }
  await expect(errorMessage(page)).toContainText('For your safety, start the sign-in again.');
  await checkPageState(page, 'too-many');
  await press(page, 'Continue');
  await expect(errorMessage(page)).toContainText('This sign-in is over');
  await checkPageState(page, 'over');
  await page.getByRole('link', { name: 'Start again' }).click();
  await expect(page).toHaveURL(`${origin}/login/`);
});

test('a locked account says for how long', async ({ page, context, person, startServer, checkPageState, guard }) => {
  const { origin } = await startServer(allFeatures, [], site);
  const { secret } = await registerWithApp(context, person, origin);
  await executeSQL(
    `UPDATE "twoFactor" SET "lockedUntil" = now() + interval '15 minutes'
     WHERE "userId" = (SELECT id FROM "user" WHERE email = $1)`,
    person.email,
  );
  await page.goto(`${origin}/login/`);
  await submitSignIn(page, person);
  guard.allow(429, totpPath);
  await appCode(page).fill(nextCodeOf(secret));
  await press(page, 'Continue');
  await expect(errorMessage(page)).toContainText('No code of this account is accepted for up to 15 minutes.');
  await checkPageState(page, 'locked');
});

test('the dialog that asks for the password again has the second step, too', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin, mails } = await startServer(allFeatures, [], site);
  const { secret } = await registerWithApp(context, person, origin);
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  await appCode(page).fill(nextCodeOf(secret));
  await press(page, 'Continue');
  await expect(page).toHaveURL(`${origin}/docs/`);
  await makeSessionsStale(person.email);
  guard.allow(403, '/api/auth/list-sessions');
  await page.goto(`${origin}/account/`);
  await press(page, 'Show my devices');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(`Password of ${person.email}`).fill(person.password);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(dialog.getByRole('heading', { name: 'Second step' })).toBeFocused();
  await checkPageState(page, 'password-again-second-step');
  await dialog.getByRole('button', { name: 'Use a code by e-mail' }).click();
  await dialog.getByRole('button', { name: 'Send the code' }).click();
  await expect(dialog.getByLabel('Code we have mailed you')).toBeFocused();
  await dialog.getByLabel('Code we have mailed you').fill(await mails.waitForToken('two-factor-otp', person.email));
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('This device')).toBeVisible(); // the call was made again
});
