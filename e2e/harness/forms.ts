import { expect, type Page } from '@playwright/test';
import type { Guard } from './guard';
import type { Person } from './test';

/** The fields of the forms, as a person finds them. */
export const fields = (page: Page) => ({
  name: page.getByLabel('Name', { exact: true }),
  email: page.getByLabel('E-mail address', { exact: true }),
  password: page.getByLabel('Password', { exact: true }),
  newPassword: page.getByLabel('New password', { exact: true }),
});

/** What is wrong, as the form says it. */
export const message = (page: Page) => page.getByRole('main').getByRole('alert');

/** Waits until the page knows that nobody is signed in: from then on nothing moves by itself. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator('[data-account]').first()).toHaveAttribute('data-account', 'signed-out');
}

/** Waits until the page knows who is signed in. */
export async function signedIn(page: Page): Promise<void> {
  await expect(page.locator('[data-account]').first()).toHaveAttribute('data-account', 'signed-in');
}

/** Fills in the form of /register/ and sends it. */
export async function sendRegistration(page: Page, { name, email, password }: Person): Promise<void> {
  await fields(page).name.fill(name);
  await fields(page).email.fill(email);
  await fields(page).password.fill(password);
  await page.getByRole('button', { name: 'Create account' }).click();
}

/** Fills in the form of /login/ and sends it. */
export async function sendSignIn(page: Page, { email, password }: Pick<Person, 'email' | 'password'>): Promise<void> {
  await fields(page).email.fill(email);
  await fields(page).password.fill(password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
}

/** Waits for the profile page of somebody who has none yet: the API says so with a 404, which the page expects. */
export async function newProfile(page: Page, guard: Guard): Promise<void> {
  guard.allow(404, '/api/profile');
  await page.waitForResponse((answer) => new URL(answer.url()).pathname === '/api/profile');
}

/** An address for X-Forwarded-For that no other test has, so that a limiter counts it alone. */
export function anAddress(): string {
  const part = () => Math.floor(Math.random() * 254) + 1;
  return `10.${part()}.${part()}.${part()}`;
}
