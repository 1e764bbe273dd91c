import { expect, type Page } from '@playwright/test';
import type { ProblemGuard } from './guard';
import type { Person } from './test';

/** The fields of the forms, by their labels. */
export const formFields = (page: Page) => ({
  name: page.getByLabel('Name', { exact: true }),
  email: page.getByLabel('E-mail address', { exact: true }),
  password: page.getByLabel('Password', { exact: true }),
  newPassword: page.getByLabel('New password', { exact: true }),
});

/** The error message of the form. */
export const errorMessage = (page: Page) => page.getByRole('main').getByRole('alert');

/** Waits until the page knows that there is no session. After that the layout is stable. */
export async function waitUntilSignedOut(page: Page): Promise<void> {
  await expect(page.locator('[data-account]').first()).toHaveAttribute('data-account', 'signed-out');
}

/** Waits until the page shows that a person is signed in. */
export async function waitUntilSignedIn(page: Page): Promise<void> {
  await expect(page.locator('[data-account]').first()).toHaveAttribute('data-account', 'signed-in');
}

/** Fills in and submits the form of /register/. */
export async function submitRegistration(page: Page, { name, email, password }: Person): Promise<void> {
  await formFields(page).name.fill(name);
  await formFields(page).email.fill(email);
  await formFields(page).password.fill(password);
  await page.getByRole('button', { name: 'Create account' }).click();
}

/** Fills in and submits the form of /login/. */
export async function submitSignIn(page: Page, { email, password }: Pick<Person, 'email' | 'password'>): Promise<void> {
  await formFields(page).email.fill(email);
  await formFields(page).password.fill(password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Waits until the profile page of a person without a profile has requested the profile. The API answers 404. */
export async function waitForMissingProfile(page: Page, guard: ProblemGuard): Promise<void> {
  guard.allow(404, '/api/profile');
  await page.waitForResponse((answer) => new URL(answer.url()).pathname === '/api/profile');
}

/** A random IP address for X-Forwarded-For, so that the rate limiter counts each test separately. */
export function randomIP(): string {
  const randomOctet = () => Math.floor(Math.random() * 254) + 1;
  return `10.${randomOctet()}.${randomOctet()}.${randomOctet()}`;
}
