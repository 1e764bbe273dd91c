import type { Page } from '@playwright/test';
import { sendRegistration, sendSignIn, signedIn } from './harness/forms';
import { makeStockSite, type StockSite, serveFiles } from './harness/stock-site';
import { axe, expect, newPerson, test } from './harness/test';

// `make test` runs these tests, too. They make one site and build it under two base URLs.
test.describe.configure({ mode: 'serial' });

let site: StockSite;
test.beforeAll(() => {
  test.setTimeout(300_000);
  site = makeStockSite();
});
test.afterAll(() => site?.remove());

test('a site of create-docusaurus needs at most ten more lines', { tag: ['@once', '@smoke'] }, () => {
  expect(site.addedLines).toBeLessThanOrEqual(10);
});

for (const { baseUrl, hasOwnRoot } of [
  { baseUrl: '/', hasOwnRoot: false },
  { baseUrl: '/learn/', hasOwnRoot: true },
]) {
  test(`on a site under ${baseUrl} a person registers, sees a protected page, signs out and signs in`, {
    tag: ['@once', '@smoke'],
  }, async ({ page, start }) => {
    test.setTimeout(300_000);
    const dir = site.build(baseUrl, hasOwnRoot);
    // xenon dev serves a directory at / only, with the policy of the cloud: a violation of it fails the test.
    const files = baseUrl === '/' ? undefined : await serveFiles(dir, baseUrl);
    try {
      const { origin } = await start({}, files ? ['--site', files.origin] : ['--site', dir, '--csp', 'docusaurus']);
      await walk(page, origin + baseUrl);
      await expect(page.locator('[data-own-root]')).toHaveCount(hasOwnRoot ? 1 : 0);
    } finally {
      files?.server.close();
    }
  });
}

async function walk(page: Page, home: string): Promise<void> {
  const person = newPerson();
  const navbar = page.getByRole('navigation', { name: 'Main' });
  const members = page.getByText('Welcome to the members.');

  await test.step('register', async () => {
    await page.goto(`${home}docs/members`);
    await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
    await expect(members).toHaveCount(0);
    await page.getByRole('main').getByRole('link', { name: 'Register' }).click();
    await expect(page).toHaveURL(/\/register\?next=/);
    await axe(page);
    await sendRegistration(page, person);
    await expect(page).toHaveURL(`${home}docs/members`);
    await expect(members).toBeVisible(); // no axe: the template's own sidebar has too little contrast
  });

  await test.step('account', async () => {
    await navbar.getByRole('button', { name: `Account of ${person.name}` }).click();
    await expect(navbar.getByRole('link', { name: 'Profile' })).toHaveCount(0);
    await navbar.getByRole('link', { name: 'Account' }).click();
    await expect(page).toHaveURL(`${home}account`);
    await expect(page.getByText('This device')).toBeVisible();
    await axe(page);
  });

  await test.step('sign out', async () => {
    await navbar.getByRole('button', { name: `Account of ${person.name}` }).click();
    await navbar.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(home);
    await expect(navbar.getByRole('link', { name: 'Sign in' })).toBeVisible();
  });

  await test.step('sign in', async () => {
    await navbar.getByRole('link', { name: 'Sign in' }).click();
    await axe(page);
    await sendSignIn(page, person);
    await expect(page).toHaveURL(home);
    await signedIn(page);
  });
}
