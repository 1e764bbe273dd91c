import type { Page } from '@playwright/test';
import { submitRegistration, submitSignIn, waitUntilSignedIn } from './forms';
import { checkWithAxe, expect, type Person, test } from './test';

/**
 * Walks through a site of create-docusaurus with the theme: registers on its protected page, opens the account page,
 * signs out and signs in. `home` is the URL of the start page, with a slash at the end.
 */
export async function walkThroughSite(page: Page, home: string, person: Person): Promise<void> {
  const navbar = page.getByRole('navigation', { name: 'Main' });
  const members = page.getByText('Welcome to the members.');

  await test.step('register', async () => {
    await page.goto(`${home}docs/members`);
    await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
    await expect(members).toHaveCount(0);
    await page.getByRole('main').getByRole('link', { name: 'Register' }).click();
    await expect(page).toHaveURL(/\/register\?next=/);
    await expect(page.getByRole('button', { name: 'Create account' })).toBeVisible();
    await checkWithAxe(page);
    await submitRegistration(page, person);
    await expect(page).toHaveURL(`${home}docs/members`);
    await expect(members).toBeVisible(); // no axe: the template's own sidebar has too little contrast
  });

  await test.step('account', async () => {
    await navbar.getByRole('button', { name: `Account of ${person.name}` }).click();
    await expect(navbar.getByRole('link', { name: 'Profile' })).toHaveCount(0);
    await navbar.getByRole('link', { name: 'Account' }).click();
    await expect(page).toHaveURL(`${home}account`);
    await expect(page.getByText('This device')).toBeVisible();
    await checkWithAxe(page);
  });

  await test.step('sign out', async () => {
    await navbar.getByRole('button', { name: `Account of ${person.name}` }).click();
    await navbar.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(home);
    await expect(navbar.getByRole('link', { name: 'Sign in' })).toBeVisible();
  });

  await test.step('sign in', async () => {
    await navbar.getByRole('link', { name: 'Sign in' }).click();
    await expect(page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    await checkWithAxe(page);
    await submitSignIn(page, person);
    await expect(page).toHaveURL(home);
    await waitUntilSignedIn(page);
  });
}
