import { randomUUID } from 'node:crypto';
import type { Page } from '@playwright/test';
import { errorMessage, waitForMissingProfile, waitUntilSignedIn, waitUntilSignedOut } from './harness/forms';
import { type Keycloak, signInAtKeycloak, startKeycloak } from './harness/keycloak';
import { getSessionEmail } from './harness/people';
import { test as base, expect, register } from './harness/test';

// make keycloak runs these tests. They need Java and a download of 180 MB, so they are not part of make e2e.

interface Fixtures {
  /** Starts a server that uses a new realm, in which the person is a user. Returns its origin. */
  readonly startSite: (options?: { readonly consentRequired?: boolean }) => Promise<string>;
}

const test = base.extend<Fixtures, { keycloak: Keycloak }>({
  keycloak: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
    async ({}, use) => {
      const keycloak = await startKeycloak();
      await use(keycloak);
      await keycloak.stop();
    },
    { scope: 'worker', timeout: 600_000 },
  ],
  startSite: async ({ keycloak, startServer, person }, use) => {
    await use(async ({ consentRequired = false } = {}) => {
      const realm = randomUUID();
      const { origin } = await startServer(keycloak.settings(realm));
      await keycloak.create(realm, origin, person, consentRequired);
      return origin;
    });
  },
});

// One worker runs all tests, so that there is one Keycloak.
test.describe.configure({ mode: 'default' });

const signInButton = (page: Page) => page.getByRole('button', { name: 'Sign in with Keycloak' });
const signInMethods = (page: Page) => page.getByRole('region', { name: 'Ways to sign in' });

test('a new user signs in at Keycloak, and again without its form', async ({
  page,
  context,
  person,
  startSite,
  guard,
}) => {
  const origin = await startSite();
  await page.goto(`${origin}/login/`);
  await signInButton(page).click();
  const arrived = waitForMissingProfile(page, guard);
  await signInAtKeycloak(page, person);
  await arrived;
  await expect(page).toHaveURL(`${origin}/profile/?new=1`);
  expect(await getSessionEmail(context, origin)).toBe(person.email);
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await waitUntilSignedOut(page);
  await page.goto(`${origin}/login/?next=/docs/`);
  await signInButton(page).click();
  await expect(page).toHaveURL(`${origin}/docs/`);
  await waitUntilSignedIn(page);
});

test('the tokens of Keycloak are refreshed, and its id token signs in', async ({
  page,
  context,
  person,
  startSite,
  openAnotherContext,
}) => {
  const origin = await startSite();
  await page.goto(`${origin}/login/?next=/docs/`);
  await signInButton(page).click();
  await signInAtKeycloak(page, person);
  await expect(page).toHaveURL(`${origin}/docs/`);
  const [account] = await (await context.request.get(`${origin}/api/auth/list-accounts`)).json();
  const post = async (endpoint: string, data: object, from = context) => {
    const answer = await from.request.post(`${origin}/api/auth/${endpoint}`, { data, headers: { origin } });
    expect(answer.status(), await answer.text()).toBe(200);
    return answer.json();
  };
  const first = await post('get-access-token', { accountId: account.id });
  const renewed = await post('refresh-token', { accountId: account.id });
  expect(renewed.accessToken).not.toBe(first.accessToken);
  expect((await post('get-access-token', { accountId: account.id })).accessToken).toBe(renewed.accessToken);
  const other = await openAnotherContext();
  await post('sign-in/social', { provider: 'keycloak', idToken: { token: renewed.idToken } }, other);
  expect(await getSessionEmail(other, origin)).toBe(person.email);
});

test('a registered user links Keycloak on the account page and removes it', async ({
  page,
  context,
  person,
  startSite,
}) => {
  const origin = await startSite();
  await register(context, person, origin);
  await page.goto(`${origin}/account/`);
  await signInMethods(page).getByRole('button', { name: 'Link Keycloak' }).click();
  await signInAtKeycloak(page, person);
  await expect(page.getByText('you can also sign in with Keycloak')).toBeVisible();
  await signInMethods(page).getByRole('button', { name: 'Remove Keycloak' }).click();
  await expect(signInMethods(page).getByRole('status')).toHaveText('Removed. You can no longer sign in with Keycloak.');
});

test('a user who does not consent at Keycloak returns to the form', async ({ page, person, startSite }) => {
  const origin = await startSite({ consentRequired: true });
  await page.goto(`${origin}/login/?next=/docs/`);
  await signInButton(page).click();
  await signInAtKeycloak(page, person);
  await page.getByRole('button', { name: 'No', exact: true }).click();
  await expect(errorMessage(page)).toContainText('Keycloak says that you cancelled.');
  await expect(page).toHaveURL(`${origin}/login/?next=%2Fdocs%2F`);
});
