import { type BrowserContext, expect, type Page } from '@playwright/test';
import { executeSQL } from './database';
import { clickButton } from './forms';
import { newPerson, type Person, register } from './test';

/** Registers a person through the API, makes the person an administrator, and signs the context in. */
export async function registerAdministrator(context: BrowserContext, person: Person, origin: string): Promise<void> {
  await register(context, person, origin);
  await executeSQL(`UPDATE "user" SET role = 'admin' WHERE email = $1`, person.email);
}

/** A person with another name than the administrator of the test. */
export const newUser = (): Person => ({ ...newPerson(), name: 'Charles Babbage' });

/** A part of the page of a user, by its heading. */
export const sectionOf = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

/** The rows of the list of users. */
export const userRows = (page: Page) => page.getByRole('main').getByRole('listitem');

/** The bar that every page shows while an administrator acts as a user. */
export const impersonationBar = (page: Page) => page.getByRole('complementary', { name: 'Acting as a user' });

/** Types a text into the search field of the list, and searches. */
export async function searchUsers(page: Page, text: string): Promise<void> {
  await page.getByLabel('Search', { exact: true }).fill(text);
  await clickButton(page, 'Search');
}

/** Searches for a user in the list and opens the page of the user. */
export async function openUser(page: Page, origin: string, { name, email }: Person): Promise<void> {
  await page.goto(`${origin}/admin/`);
  await searchUsers(page, email);
  await expect(page.getByText('One user')).toBeVisible();
  await page.getByRole('main').getByRole('link', { name }).click();
  await expect(page.getByRole('heading', { name: 'User', exact: true })).toBeFocused();
  await expect(sectionOf(page, 'Role')).toBeVisible();
}
