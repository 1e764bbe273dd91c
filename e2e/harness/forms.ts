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

/** Clicks a button of the page, outside of the navbar. */
export async function clickButton(page: Page, name: string): Promise<void> {
  await page.getByRole('main').getByRole('button', { name, exact: true }).click();
}

/** Clicks a button of the page, and waits for the answer to the request that it sends to a path. */
export async function clickAndWaitForAnswer(page: Page, name: string, path: string): Promise<void> {
  const answer = page.waitForResponse((response) => response.url().endsWith(path));
  await clickButton(page, name);
  await answer;
}

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
  await clickButton(page, 'Sign in');
}

/** Opens /login/ with /docs/ as the page after the sign-in, and submits the form. */
export async function signInToOpenDocs(page: Page, origin: string, person: Person): Promise<void> {
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
}

/** Signs out in the menu of the account. */
export async function signOutInMenu(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await waitUntilSignedOut(page);
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
