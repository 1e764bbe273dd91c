import type { Page } from '@playwright/test';
import { getSessionEmail, returnToTab, revokeOtherSessions } from './harness/people';
import { expect, register, test } from './harness/test';

const accountSlot = (page: Page) => page.locator('[data-account]').first();
const accountMenu = (page: Page, name: string) => page.getByRole('button', { name: `Account of ${name}` });
const signOutButton = (page: Page) => page.getByRole('button', { name: 'Sign out', exact: true });

/** Checks that the page is signed out and does not contain the person's email address. */
async function expectNoDataOf(page: Page, email: string): Promise<void> {
  await expect(accountSlot(page)).toHaveAttribute('data-account', 'signed-out');
  expect(await page.content()).not.toContain(email);
}

test('R60: the account menu works with the keyboard', { tag: '@once' }, async ({ page, context, person }) => {
  await register(context, person);
  await page.goto('/docs/');
  const button = accountMenu(page, person.name);
  await expect(button).toHaveAttribute('aria-expanded', 'false');
  await button.focus();
  await page.keyboard.press('Enter');
  await expect(button).toHaveAttribute('aria-expanded', 'true');
  const stops: string[] = [];
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press('Tab');
    stops.push(await page.evaluate(() => document.activeElement?.textContent ?? ''));
  }
  expect(stops).toEqual(['Profile', 'Account', 'Sign out']);
  await page.keyboard.press('Escape');
  await expect(button).toBeFocused();
  await expect(button).toHaveAttribute('aria-expanded', 'false');
  await page.keyboard.press('Space');
  for (let i = 0; i < 4; i++) await page.keyboard.press('Tab');
  await expect(button).toHaveAttribute('aria-expanded', 'false'); // the focus has left the menu
  await button.click();
  await page.getByRole('heading', { level: 1 }).click();
  await expect(button).toHaveAttribute('aria-expanded', 'false');
});

test('a sign-out on a page of the manual stays on that page', { tag: '@once' }, async ({ page, context, person }) => {
  await register(context, person);
  await page.goto('/docs/security/');
  await accountMenu(page, person.name).click();
  await signOutButton(page).click();
  await expectNoDataOf(page, person.email);
  await expect(page).toHaveURL('/docs/security/');
  await expect(accountSlot(page).getByRole('link', { name: 'Sign in' })).toBeFocused();
  expect(await getSessionEmail(context)).toBe('');
});

test('a sign-out on the profile or account page leads home, and the history shows no data of the person', async ({
  page,
  context,
  person,
  guard,
  checkPageState,
}) => {
  await register(context, person);
  guard.allow(404, '/api/profile');
  await page.goto('/docs/');
  await accountMenu(page, person.name).click();
  await page.getByRole('link', { name: 'Profile' }).click();
  await expect(page.getByText('Tell us how you learn')).toBeVisible();
  await accountMenu(page, person.name).click();
  await page.getByRole('link', { name: 'Account', exact: true }).click();
  await expect(page.getByText('This device')).toBeVisible();
  await accountMenu(page, person.name).click();
  await checkPageState(page, 'menu');
  await signOutButton(page).click();
  await expect(page).toHaveURL('/');
  await expectNoDataOf(page, person.email);
  for (const go of ['goBack', 'goForward', 'goBack', 'goBack'] as const) {
    await page[go]();
    await expectNoDataOf(page, person.email);
  }
  await page.goto('/account/');
  await expectNoDataOf(page, person.email);
  await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
});

test('after a sign-out in another tab, the account page shows no data of the person', { tag: '@once' }, async ({
  page,
  context,
  person,
}) => {
  await register(context, person);
  await page.goto('/account/');
  await expect(page.getByText('This device')).toBeVisible();
  await page.goto('/.well-known/change-password/index.html?leave', { waitUntil: 'commit' });
  const other = await context.newPage();
  await other.goto('/docs/');
  await accountMenu(other, person.name).click();
  await signOutButton(other).click();
  await expectNoDataOf(other, person.email);
  await page.goto('/account/');
  await expectNoDataOf(page, person.email);
});

test('a sign-out in one tab signs out the other tab within a second', { tag: '@once' }, async ({
  page,
  context,
  person,
  guard,
}) => {
  await register(context, person);
  guard.allow(404, '/api/profile');
  const other = await context.newPage();
  await other.goto('/profile/');
  await expect(other.getByText('Tell us how you learn')).toBeVisible();
  await page.goto('/docs/');
  await accountMenu(page, person.name).click();
  await signOutButton(page).click();
  await expectNoDataOf(page, person.email);
  await expect(accountSlot(other)).toHaveAttribute('data-account', 'signed-out', { timeout: 1000 });
  await expectNoDataOf(other, person.email);
  await expect(other.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
});

test('a session that was revoked elsewhere is noticed when the person returns to the tab', { tag: '@once' }, async ({
  page,
  context,
  person,
  openAnotherContext,
}) => {
  await register(context, person);
  await page.goto('/docs/');
  await expect(accountMenu(page, person.name)).toBeVisible();
  await revokeOtherSessions(await openAnotherContext(), person);
  await returnToTab(page);
  await expectNoDataOf(page, person.email);
});

test('a sign-out with unsaved changes asks first', { tag: '@once' }, async ({ page, context, person, guard }) => {
  await register(context, person);
  guard.allow(404, '/api/profile');
  await page.goto('/profile/');
  await page.getByLabel('Hours a week').fill('8');
  page.once('dialog', (dialog) => void dialog.dismiss());
  await accountMenu(page, person.name).click();
  await signOutButton(page).click();
  await expect(page.getByLabel('Hours a week')).toHaveValue('8');
  expect(await getSessionEmail(context)).toBe(person.email);
  const questions: string[] = [];
  page.on('dialog', (dialog) => {
    questions.push(dialog.message());
    void dialog.accept();
  });
  await signOutButton(page).click();
  await expect(page).toHaveURL('/');
  expect(questions).toEqual(['Your changes are not saved. Sign out without saving?']);
  await expectNoDataOf(page, person.email);
});

test('a failed sign-out is reported', async ({ page, context, person, guard, checkPageState }) => {
  await register(context, person);
  await page.goto('/docs/');
  await page.route('**/api/auth/sign-out', (route) => route.abort('connectionrefused'));
  guard.allow('failed', '/api/auth/sign-out');
  await accountMenu(page, person.name).click();
  await signOutButton(page).click();
  await expect(accountSlot(page).getByRole('alert')).toContainText('You are still signed in.');
  await checkPageState(page, 'sign-out-failed');
});

test('on a small screen the account is in the sidebar', async ({ page, context, person, guard, checkPageState }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await register(context, person);
  guard.allow(404, '/api/profile');
  await page.goto('/profile/');
  const toggle = page.getByRole('button', { name: 'Toggle navigation bar' });
  await page.getByLabel('Hours a week').fill('8');
  await toggle.click();
  const sidebar = page.locator('.navbar-sidebar');
  await expect(sidebar.getByText(person.email)).toBeVisible();
  await expect(sidebar.getByRole('link', { name: 'Account', exact: true })).toBeInViewport();
  await checkPageState(page, 'sidebar');
  // The history block of the sidebar does not replace the history block of the form.
  page.once('dialog', (dialog) => void dialog.dismiss());
  await sidebar.getByRole('link', { name: 'Account', exact: true }).click();
  await expect(page).toHaveURL('/profile/');
  await expect(page.getByLabel('Hours a week')).toHaveValue('8');
  page.on('dialog', (dialog) => void dialog.accept());
  await toggle.click();
  await sidebar.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/');
  await expectNoDataOf(page, person.email);
});
