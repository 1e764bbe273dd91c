import type { Page } from '@playwright/test';
import { holdAnswers } from './harness/answers';
import { executeSQL, makeSessionsStale } from './harness/database';
import {
  errorMessage,
  formFields,
  signOutInMenu,
  submitSignIn,
  waitForMissingProfile,
  waitUntilSignedIn,
  waitUntilSignedOut,
} from './harness/forms';
import {
  answerFontRequests,
  type IdentityProvider,
  providerName,
  signInAndConsent,
  startIdentityProvider,
} from './harness/identity-provider';
import { getSessionEmail } from './harness/people';
import { test as base, expect, register } from './harness/test';
import { startMeasuringVitals } from './harness/vitals';

/** A server that is a client of a real OpenID Connect provider. */
interface Site {
  readonly origin: string;
  readonly provider: IdentityProvider;
}

const test = base.extend<{ site: Site }>({
  site: async ({ startServer, context }, use) => {
    const provider = await startIdentityProvider();
    const { origin } = await startServer(provider.settings);
    await provider.addClient(origin);
    await answerFontRequests(context);
    await use({ origin, provider });
    await provider.stop();
  },
});

const signInButton = (page: Page) => page.getByRole('button', { name: `Sign in with ${providerName}` });
const signInMethods = (page: Page) => page.getByRole('region', { name: 'Ways to sign in' });

test('a new person signs in at an OpenID Connect provider, and again', { tag: '@once' }, async ({
  page,
  context,
  person,
  site: { origin, provider },
  guard,
  checkPageState,
}) => {
  await page.goto(`${origin}/login/`);
  await waitUntilSignedOut(page);
  await checkPageState(page, 'provider');
  await formFields(page).email.focus();
  await page.getByRole('link', { name: 'Register' }).focus();
  await page.keyboard.press('Tab');
  await expect(signInButton(page)).toBeFocused();
  await page.keyboard.press('Enter');
  const arrived = waitForMissingProfile(page, guard);
  await signInAndConsent(page, person.email);
  await arrived;
  await expect(page).toHaveURL(`${origin}/profile/?new=1`);
  await expect(page.getByText(`This account with ${person.email} is new.`)).toBeVisible();
  await checkPageState(page, 'new-account');
  expect(await getSessionEmail(context, origin)).toBe(person.email);
  const [request] = provider.requests();
  expect(request?.get('code_challenge_method')).toBe('S256');
  expect(request?.get('nonce')).toMatch(/^.{32}$/);
  expect(request?.get('redirect_uri')).toBe(`${origin}/api/auth/callback/example`);

  await signOutInMenu(page);
  await page.goto(`${origin}/login/?next=/docs/`);
  await expect(signInButton(page)).toContainText('Last used');
  await checkPageState(page, 'last-used');
  await signInButton(page).click(); // the provider has a session, so it shows no page
  await expect(page).toHaveURL(`${origin}/docs/`);
  await waitUntilSignedIn(page);
  expect(await getSessionEmail(context, origin)).toBe(person.email);
});

test('on the account page a provider is linked and removed', { tag: '@once' }, async ({
  page,
  context,
  person,
  site: { origin },
  checkPageState,
}) => {
  await register(context, person, origin);
  await page.goto(`${origin}/account/`);
  await signInMethods(page)
    .getByRole('button', { name: `Link ${providerName}` })
    .click();
  await signInAndConsent(page, person.email);
  await expect(page.getByText(`you can also sign in with ${providerName}`)).toBeVisible();
  await expect(page).toHaveURL(`${origin}/account/`);
  const remove = signInMethods(page).getByRole('button', { name: `Remove ${providerName}` });
  await expect(remove).toBeVisible();
  await checkPageState(page, 'linked');
  await remove.click();
  const note = signInMethods(page).getByRole('status');
  await expect(note).toHaveText(`Removed. You can no longer sign in with ${providerName}.`);
  await expect(note).toBeFocused();
  await expect(remove).toHaveCount(0);
  await checkPageState(page, 'unlinked');
});

test('an account with another email address is not linked', { tag: '@once' }, async ({
  page,
  context,
  person,
  site: { origin },
  checkPageState,
}) => {
  await register(context, person, origin);
  await page.goto(`${origin}/account/`);
  await signInMethods(page)
    .getByRole('button', { name: `Link ${providerName}` })
    .click();
  await signInAndConsent(page, `other-${person.email}`);
  await expect(errorMessage(page)).toContainText('the other account has another e-mail address');
  await expect(errorMessage(page)).toBeFocused();
  await expect(page).toHaveURL(`${origin}/account/`);
  await checkPageState(page, 'not-linked');
});

test('after a cancelled sign-in the page says so, and the form still leads to the same page', { tag: '@once' }, async ({
  page,
  context,
  person,
  openAnotherContext,
  site: { origin },
  checkPageState,
}) => {
  await register(await openAnotherContext(), person, origin);
  await page.goto(`${origin}/login/?next=/docs/`);
  await signInButton(page).click();
  await page.getByRole('link', { name: 'Cancel' }).click();
  await expect(errorMessage(page)).toHaveText(
    `${providerName} says that you cancelled. Nothing was changed: try again or use another way.`,
  );
  await expect(errorMessage(page)).toBeFocused();
  await expect(page).toHaveURL(`${origin}/login/?next=%2Fdocs%2F`);
  await checkPageState(page, 'cancelled');
  await submitSignIn(page, person);
  await expect(page).toHaveURL(`${origin}/docs/`);
  expect(await getSessionEmail(context, origin)).toBe(person.email);
});

test('without a password, the provider confirms who the person is, and the account can be deleted', {
  tag: '@once',
}, async ({ page, person, site: { origin }, guard, checkPageState }) => {
  await page.goto(`${origin}/login/?next=/account/`);
  await signInButton(page).click();
  await signInAndConsent(page, person.email);
  await expect(page.getByText('This device')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Send me a link to set a password' })).toBeVisible();
  await expect(signInMethods(page)).toContainText('You cannot remove your only way to sign in.');
  await checkPageState(page, 'without-password');
  await makeSessionsStale(person.email);
  guard.allow(403, '/api/auth/list-sessions');
  await page.reload();
  await page.getByRole('button', { name: 'Show my devices' }).click();
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await expect(dialog.getByLabel('Password')).toHaveCount(0);
  await checkPageState(page, 'sign-in-again-without-password');
  await dialog.getByRole('button', { name: `Sign in with ${providerName}` }).click();
  await expect(page.getByText('This device')).toBeVisible();
  await expect(page).toHaveURL(`${origin}/account/`);
  await page.getByRole('button', { name: 'Delete my account …' }).click();
  await page.getByLabel(/to confirm$/).fill('DELETE');
  await page.getByRole('button', { name: 'Delete my account', exact: true }).click();
  await expect(page.getByText('Your account is deleted')).toBeVisible();
});

/** Settings with which the server offers eight providers. Nothing is sent to them. */
const eightProviders = Object.fromEntries(
  ['GOOGLE', 'GITHUB', 'APPLE', 'MICROSOFT', 'DISCORD', 'FACEBOOK', 'LINKEDIN', 'SLACK'].flatMap((provider) => [
    [`${provider}_CLIENT_ID`, 'an id'],
    [`${provider}_CLIENT_SECRET`, 'a secret'],
  ]),
);

test('R60: eight providers have a button each, and the fields do not move when they appear', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
}) => {
  const { origin } = await startServer(eightProviders);
  const readVitals = await startMeasuringVitals(page);
  const release = await holdAnswers(page, '/api/auth/social-providers');
  await page.addInitScript(() => localStorage.setItem('xenon.last-provider', 'github'));
  await page.goto(`${origin}/login/`);
  await waitUntilSignedOut(page);
  const before = await formFields(page).email.boundingBox();
  release();
  const buttons = page.getByRole('button', { name: /^Sign in with / });
  await expect(buttons).toHaveCount(8);
  expect(await formFields(page).email.boundingBox()).toEqual(before);
  expect((await readVitals()).shift).toBeLessThan(0.02);
  await checkPageState(page, 'eight-providers');
  await page.goto(`${origin}/register/?provider=google&error=account_not_linked`);
  await expect(errorMessage(page)).toContainText('There is an account with your e-mail address already.');
  await expect(buttons).toHaveCount(8);
  await checkPageState(page, 'eight-providers');
  await register(context, person, origin);
  await executeSQL(
    `INSERT INTO account ("userId", "providerId", "accountId", "updatedAt")
     SELECT id, 'google', id::text, now() FROM "user" WHERE email = $1`,
    person.email,
  );
  await page.goto(`${origin}/account/`);
  await expect(signInMethods(page).getByRole('button', { name: 'Remove Google' })).toBeVisible();
  await expect(signInMethods(page).getByRole('listitem')).toHaveCount(9);
  await checkPageState(page, 'eight-providers');
});
