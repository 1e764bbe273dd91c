import type { Page } from '@playwright/test';
import {
  formFields,
  submitRegistration,
  submitSignIn,
  waitForMissingProfile,
  waitUntilSignedIn,
  waitUntilSignedOut,
} from './harness/forms';
import { getSessionEmail } from './harness/people';
import { checkWithAxe, expect, test } from './harness/test';

async function signOut(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Account of ${name}` }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await waitUntilSignedOut(page);
}

// `make test` runs the tests with the tag @smoke; `make e2e` runs all tests.
test('a person registers, signs out, signs in, saves a profile and signs out', {
  tag: ['@once', '@smoke'],
}, async ({ page, context, person, guard }) => {
  await test.step('home', async () => {
    await page.goto('/');
    await waitUntilSignedOut(page);
    await checkWithAxe(page);
  });

  await test.step('register', async () => {
    await page.goto('/register/?next=/docs/');
    await waitUntilSignedOut(page);
    await checkWithAxe(page);
    await submitRegistration(page, person);
    await expect(page).toHaveURL('/docs/');
    await waitUntilSignedIn(page);
    await checkWithAxe(page);
    await signOut(page, person.name);
  });

  await test.step('sign in', async () => {
    await page.goto('/login/');
    await waitUntilSignedOut(page);
    await checkWithAxe(page);
    const arrived = waitForMissingProfile(page, guard);
    await submitSignIn(page, person);
    await arrived;
    await expect(page).toHaveURL('/profile/');
    await waitUntilSignedIn(page);
    expect(await getSessionEmail(context)).toBe(person.email);
  });

  await test.step('profile', async () => {
    await page.getByLabel('Hours a week').fill('6');
    await page.getByRole('button', { name: 'Create my profile' }).click();
    await expect(page.locator('form [role=status]').last()).toHaveText('Saved.');
    await checkWithAxe(page);
    await page.reload();
    await expect(page.getByLabel('Hours a week')).toHaveValue('6');
  });

  await test.step('account', async () => {
    await page.goto('/account/');
    await expect(page.getByText('This device')).toBeVisible();
    await checkWithAxe(page);
  });

  await test.step('sign out', async () => {
    await signOut(page, person.name);
    await expect(page).toHaveURL('/');
    expect(await getSessionEmail(context)).toBe('');
    await page.goto('/profile/');
    await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
    await expect(formFields(page).password).toBeVisible();
    await checkWithAxe(page);
  });
});
