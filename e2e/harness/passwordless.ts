import { expect, type Page } from '@playwright/test';
import { formFields } from './forms';

/** Asks on /login/mail/ for a link or a code. */
export async function askForMail(
  page: Page,
  email: string,
  button: 'Mail me a link' | 'Mail me a code',
): Promise<void> {
  await formFields(page).email.fill(email);
  await page.getByRole('button', { name: button }).click();
  await expect(page.getByRole('heading', { name: 'Check your mailbox' })).toBeFocused();
}

/** The field for a code on /login/mail/. */
export const codeField = (page: Page) => page.getByLabel('Code from the mail');
