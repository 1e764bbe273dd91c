import { expect, type Page } from '@playwright/test';
import { formFields } from './forms';
import type { StartedServer } from './test';

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

/** Asks for a link that signs in and opens /docs/, and returns the link of the mail. */
export async function getMailedLink(page: Page, { origin, mails }: StartedServer, email: string): Promise<string> {
  await page.goto(`${origin}/login/mail/?next=/docs/`);
  await askForMail(page, email, 'Mail me a link');
  return mails.waitForLink('magic-link', email);
}

/** Asks for a code that signs in and opens /docs/, and returns the code of the mail. */
export async function getMailedCode(page: Page, { origin, mails }: StartedServer, email: string): Promise<string> {
  await page.goto(`${origin}/login/mail/?next=/docs/`);
  await askForMail(page, email, 'Mail me a code');
  return mails.waitForToken('email-otp', email);
}

/** The field for a code on /login/mail/. */
export const codeField = (page: Page) => page.getByLabel('Code from the mail');
