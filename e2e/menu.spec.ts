import type { Page } from '@playwright/test';
import { lookAgain, revokeOthers, whoIs } from './harness/people';
import { expect, register, test } from './harness/test';

const slot = (page: Page) => page.locator('[data-account]').first();
const menu = (page: Page, name: string) => page.getByRole('button', { name: `Account of ${name}` });
const signOut = (page: Page) => page.getByRole('button', { name: 'Sign out', exact: true });

/** Nothing on the page tells who was there. */
async function nothingOf(page: Page, email: string): Promise<void> {
  await expect(slot(page)).toHaveAttribute('data-account', 'signed-out');
  expect(await page.content()).not.toContain(email);
}

test('R60: the account menu opens, is walked through and closes with the keyboard', { tag: '@once' }, async ({
  page,
  context,
  person,
}) => {
  await register(context, person);
  await page.goto('/docs/');
  const button = menu(page, person.name);
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
  await expect(button).toHaveAttribute('aria-expanded', 'false'); // the focus went on
  await button.click();
  await page.getByRole('heading', { level: 1 }).click();
  await expect(button).toHaveAttribute('aria-expanded', 'false');
});

test('on a page of the manual, who signs out stays on it', { tag: '@once' }, async ({ page, context, person }) => {
  await register(context, person);
  await page.goto('/docs/security/');
  await menu(page, person.name).click();
  await signOut(page).click();
  await nothingOf(page, person.email);
  await expect(page).toHaveURL('/docs/security/');
  await expect(slot(page).getByRole('link', { name: 'Sign in' })).toBeFocused();
  expect(await whoIs(context)).toBe('');
});

test('from the profile and the account, signing out leads home, and back and forth show nothing', async ({
  page,
  context,
  person,
  guard,
  state,
}) => {
  await register(context, person);
  guard.allow(404, '/api/profile');
  await page.goto('/docs/');
  await menu(page, person.name).click();
  await page.getByRole('link', { name: 'Profile' }).click();
  await expect(page.getByText('Tell us how you learn')).toBeVisible();
  await menu(page, person.name).click();
  await page.getByRole('link', { name: 'Account', exact: true }).click();
  await expect(page.getByText('This device')).toBeVisible();
  await menu(page, person.name).click();
  await state(page, 'menu');
  await signOut(page).click();
  await expect(page).toHaveURL('/');
  await nothingOf(page, person.email);
  for (const go of ['goBack', 'goForward', 'goBack', 'goBack'] as const) {
    await page[go]();
    await nothingOf(page, person.email);
  }
  await page.goto('/account/');
  await nothingOf(page, person.email);
  await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
});

test('a page that the browser kept is not shown after signing out in another tab', { tag: '@once' }, async ({
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
  await menu(other, person.name).click();
  await signOut(other).click();
  await nothingOf(other, person.email);
  await page.goto('/account/');
  await nothingOf(page, person.email);
});

test('signing out in one tab is seen in the other, on whatever page, within a second', { tag: '@once' }, async ({
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
  await menu(page, person.name).click();
  await signOut(page).click();
  await nothingOf(page, person.email);
  await expect(slot(other)).toHaveAttribute('data-account', 'signed-out', { timeout: 1000 });
  await nothingOf(other, person.email);
  await expect(other.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
});

test('a session that is revoked elsewhere is noticed with the next look', { tag: '@once' }, async ({
  page,
  context,
  person,
  another,
}) => {
  await register(context, person);
  await page.goto('/docs/');
  await expect(menu(page, person.name)).toBeVisible();
  await revokeOthers(await another(), person);
  await lookAgain(page);
  await nothingOf(page, person.email);
});

test('signing out asks first when something is not saved', { tag: '@once' }, async ({
  page,
  context,
  person,
  guard,
}) => {
  await register(context, person);
  guard.allow(404, '/api/profile');
  await page.goto('/profile/');
  await page.getByLabel('Hours a week').fill('8');
  page.once('dialog', (dialog) => void dialog.dismiss());
  await menu(page, person.name).click();
  await signOut(page).click();
  await expect(page.getByLabel('Hours a week')).toHaveValue('8');
  expect(await whoIs(context)).toBe(person.email);
  const questions: string[] = [];
  page.on('dialog', (dialog) => {
    questions.push(dialog.message());
    void dialog.accept();
  });
  await signOut(page).click();
  await expect(page).toHaveURL('/');
  expect(questions).toEqual(['Your changes are not saved. Sign out without saving?']);
  await nothingOf(page, person.email);
});

test('who cannot be signed out is told so', async ({ page, context, person, guard, state }) => {
  await register(context, person);
  await page.goto('/docs/');
  await page.route('**/api/auth/sign-out', (route) => route.abort('connectionrefused'));
  guard.allow('failed', '/api/auth/sign-out');
  await menu(page, person.name).click();
  await signOut(page).click();
  await expect(slot(page).getByRole('alert')).toContainText('You are still signed in.');
  await state(page, 'sign-out-failed');
});

test('on a small screen the sidebar has the account, too', async ({ page, context, person, guard, state }) => {
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
  await state(page, 'sidebar');
  // The sidebar's own guard of the back button does not replace that of the form.
  page.once('dialog', (dialog) => void dialog.dismiss());
  await sidebar.getByRole('link', { name: 'Account', exact: true }).click();
  await expect(page).toHaveURL('/profile/');
  await expect(page.getByLabel('Hours a week')).toHaveValue('8');
  page.on('dialog', (dialog) => void dialog.accept());
  await toggle.click();
  await sidebar.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/');
  await nothingOf(page, person.email);
});
