import type { Page } from '@playwright/test';
import { nextCodeOf } from './harness/authenticator';
import { executeSQL } from './harness/database';
import { allFeatures, buildFeatureSite } from './harness/feature-site';
import { submitSignIn, waitUntilSignedOut } from './harness/forms';
import { providerName, signInAndConsent, startIdentityProvider } from './harness/identity-provider';
import { askForMail, codeField } from './harness/passwordless';
import { getSessionEmail } from './harness/people';
import { registerWithApp } from './harness/second-factor';
import { expect, type Person, test } from './harness/test';

// With TWO_FACTOR_FOR=all every way to sign in asks for the second factor.

let site: string;
test.beforeAll(async () => {
  test.setTimeout(420_000); // the first worker builds the site
  site = await buildFeatureSite();
});

const forAll = { ...allFeatures, TWO_FACTOR_FOR: 'all' } as const;
const press = (page: Page, name: string) => page.getByRole('main').getByRole('button', { name, exact: true }).click();
const appCode = (page: Page) => page.getByLabel('Code of your authenticator app');

/** Checks that the page asks for the second step and that there is no session yet. */
async function expectSecondStep(page: Page, origin: string): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Second step' })).toBeVisible();
  await expect(page).toHaveURL(`${origin}/two-factor/?next=%2Fdocs%2F&methods=totp,otp`);
  for (const other of ['Use a code by e-mail', 'Use a backup code'])
    await expect(page.getByRole('button', { name: other })).toBeVisible();
  expect(await getSessionEmail(page.context(), origin)).toBe('');
}

/** Checks that the person is signed in on the page that the sign-in should open. */
async function expectSignedIn(page: Page, origin: string, { email }: Person): Promise<void> {
  await expect(page).toHaveURL(`${origin}/docs/`);
  expect(await getSessionEmail(page.context(), origin)).toBe(email);
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await waitUntilSignedOut(page);
}

test('after a sign-in at a provider, a code of the app continues to the next page', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
}) => {
  const provider = await startIdentityProvider();
  await context.route('https://fonts.googleapis.com/**', (route) => route.fulfill({ contentType: 'text/css' }));
  try {
    const { origin } = await startServer({ ...forAll, ...provider.settings }, [], site);
    await provider.addClient(origin);
    const { secret } = await registerWithApp(context, person, origin);
    await executeSQL(`UPDATE "user" SET "emailVerified" = true WHERE email = $1`, person.email);
    await page.goto(`${origin}/login/?next=/docs/`);
    await page.getByRole('button', { name: `Sign in with ${providerName}` }).click();
    await signInAndConsent(page, person.email);
    await expectSecondStep(page, origin);
    await checkPageState(page, 'after-provider');
    await appCode(page).fill(nextCodeOf(secret));
    await press(page, 'Continue');
    await expectSignedIn(page, origin, person);
  } finally {
    await provider.stop();
  }
});

test('a mailed link asks for the second step, and not on a trusted device', async ({
  page,
  context,
  person,
  startServer,
}) => {
  const { origin, mails } = await startServer(forAll, [], site);
  const { backupCodes } = await registerWithApp(context, person, origin);
  const openNewLink = async () => {
    await page.goto(`${origin}/login/mail/?next=/docs/`);
    await askForMail(page, person.email, 'Mail me a link');
    await page.goto(await mails.waitForLink('magic-link', person.email));
  };
  await openNewLink();
  await expectSecondStep(page, origin);
  await press(page, 'Use a backup code');
  await page.getByLabel('Backup code').fill(backupCodes[0] ?? '');
  await page.getByLabel('Do not ask on this device for 30 days').check();
  await press(page, 'Continue');
  await expectSignedIn(page, origin, person);
  await signOut(page);
  await openNewLink();
  await expectSignedIn(page, origin, person);
});

test('a mailed link that needs a click asks for the second step after the click', async ({
  page,
  context,
  person,
  startServer,
}) => {
  const { origin, mails } = await startServer({ ...forAll, MAGIC_LINK_CONFIRM: 'on' }, [], site);
  const { secret } = await registerWithApp(context, person, origin);
  await page.goto(`${origin}/login/mail/?next=/docs/`);
  await askForMail(page, person.email, 'Mail me a link');
  await page.goto(await mails.waitForLink('magic-link', person.email));
  await press(page, 'Sign in');
  await expectSecondStep(page, origin);
  await appCode(page).fill(nextCodeOf(secret));
  await press(page, 'Continue');
  await expectSignedIn(page, origin, person);
});

test('a mailed code asks for the second step, for which another code is mailed', async ({
  page,
  context,
  person,
  startServer,
}) => {
  const { origin, mails } = await startServer(forAll, [], site);
  await registerWithApp(context, person, origin);
  await page.goto(`${origin}/login/mail/?next=/docs/`);
  await askForMail(page, person.email, 'Mail me a code');
  await codeField(page).fill(await mails.waitForToken('email-otp', person.email));
  await press(page, 'Sign in');
  await expectSecondStep(page, origin);
  await press(page, 'Use a code by e-mail');
  await press(page, 'Send the code');
  await page.getByLabel('Code we have mailed you').fill(await mails.waitForToken('two-factor-otp', person.email));
  await press(page, 'Continue');
  await expectSignedIn(page, origin, person);
});

test('a password asks for the second step, too', async ({ page, context, person, startServer }) => {
  const { origin } = await startServer(forAll, [], site);
  const { secret } = await registerWithApp(context, person, origin);
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  await expectSecondStep(page, origin);
  await appCode(page).fill(nextCodeOf(secret));
  await press(page, 'Continue');
  await expectSignedIn(page, origin, person);
});
