import { type BrowserContext, expect, type Locator, type Page } from '@playwright/test';
import { codeOf } from './authenticator';
import { clickButton } from './forms';
import { type Person, register } from './test';

/** The second factor of a person. */
export interface App {
  readonly secret: string;
  readonly backupCodes: readonly string[];
}

/**
 * Registers a person and turns two-step verification on through the API, as another device would. It uses the code of
 * the current 30 seconds, so nextCodeOf is the next code that works. The context is signed out afterwards.
 */
export async function registerWithApp(context: BrowserContext, person: Person, origin: string): Promise<App> {
  await register(context, person, origin);
  const post = async (path: string, data: object) => {
    const answer = await context.request.post(`${origin}/api/auth/two-factor/${path}`, { data, headers: { origin } });
    expect(answer.status(), await answer.text()).toBe(200);
    return (await answer.json()) as { totpURI: string; backupCodes: string[] };
  };
  const { totpURI, backupCodes } = await post('enable', { password: person.password });
  const secret = new URL(totpURI).searchParams.get('secret') ?? '';
  await post('verify-totp', { code: codeOf(secret) });
  await context.clearCookies();
  return { secret, backupCodes };
}

/** The field for a code of the app. */
export const appCodeField = (page: Page) => page.getByLabel('Code of your authenticator app');

/** The field for a mailed code of the second step, on a page or in a dialog. */
export const secondStepMailField = (where: Page | Locator) => where.getByLabel('Code we have mailed you');

/** Types a code of the app, and submits it. */
export async function submitAppCode(page: Page, code: string): Promise<void> {
  await appCodeField(page).fill(code);
  await clickButton(page, 'Continue');
}

/** Types the mailed code of the second step, and submits it. */
export async function submitSecondStepMail(page: Page, code: string): Promise<void> {
  await secondStepMailField(page).fill(code);
  await clickButton(page, 'Continue');
}

/** Changes from the app to a backup code, and types it. */
export async function chooseBackupCode(page: Page, code = ''): Promise<void> {
  await clickButton(page, 'Use a backup code');
  await page.getByLabel('Backup code').fill(code);
}

/** Remembers the device, so that the next sign-in has no second step. */
export const trustThisDevice = (page: Page) => page.getByLabel('Do not ask on this device for 30 days').check();
