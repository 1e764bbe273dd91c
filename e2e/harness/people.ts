import { type BrowserContext, expect, type Page } from '@playwright/test';
import { sharedServer } from './setup';
import { newPerson, type Person, register } from './test';

/** Signs a person in through the API, as another device would. */
export async function signIn(
  context: BrowserContext,
  { email, password }: Person,
  origin = sharedServer().origin,
): Promise<void> {
  const answer = await context.request.post(`${origin}/api/auth/sign-in/email`, {
    data: { email, password },
    headers: { origin },
  });
  expect(answer.status(), await answer.text()).toBe(200);
}

/** Registers a person through the API, as another device would. The context is signed out afterwards. */
export async function registerElsewhere(context: BrowserContext, origin: string): Promise<Person> {
  const person = newPerson();
  await register(context, person, origin);
  await context.clearCookies();
  return person;
}

/** The email of the person whose session a context has; '' without a session. */
export async function getSessionEmail(context: BrowserContext, origin = sharedServer().origin): Promise<string> {
  const answer = await context.request.get(`${origin}/api/auth/get-session`);
  const session = (await answer.json()) as { user: { email: string } } | null;
  return session?.user.email ?? '';
}

/** Checks that a person is signed in, on the page /docs/ that the sign-in had to open. */
export async function expectSignedInOnDocs(page: Page, origin: string, { email }: Person): Promise<void> {
  await expect(page).toHaveURL(`${origin}/docs/`);
  expect(await getSessionEmail(page.context(), origin)).toBe(email);
}

/** Signs a person in on another device, and revokes all other sessions. */
export async function revokeOtherSessions(
  context: BrowserContext,
  person: Person,
  origin = sharedServer().origin,
): Promise<void> {
  await signIn(context, person, origin);
  const answer = await context.request.post(`${origin}/api/auth/revoke-other-sessions`, {
    data: {},
    headers: { origin },
  });
  expect(answer.status()).toBe(200);
}

/** Fills in and submits the sign-in form on a page that needs a session. */
export async function signInOnPage(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel('E-mail address', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Simulates that the person returns to the tab. */
export async function returnToTab(page: Page): Promise<void> {
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
}
