import type { BrowserContext, Page } from '@playwright/test';
import { makeSessionsStale } from './harness/database';
import { getSessionEmail, signIn } from './harness/people';
import { expect, type Person, register, test } from './harness/test';

const sessionsRegion = (page: Page) => page.getByRole('region', { name: 'Where you are signed in' });
const sessionRows = (page: Page) => sessionsRegion(page).getByRole('listitem');

const userAgentsByDevice = {
  'Safari on iPhone':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
    'Version/18.0 Mobile/15E148 Safari/604.1',
  'Firefox on Windows': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
};

/** Signs a person in with the User-Agent of a browser. */
async function signInWithUserAgent(
  context: BrowserContext,
  person: Person,
  agent: keyof typeof userAgentsByDevice,
  origin: string,
): Promise<void> {
  const headers = { origin, 'user-agent': userAgentsByDevice[agent] };
  const answer = await context.request.post('/api/auth/sign-in/email', { data: person, headers });
  expect(answer.status()).toBe(200);
}

test('a person lists their devices, signs one out, and then all others', async ({
  page,
  context,
  person,
  openAnotherContext,
  checkPageState,
  baseURL,
}) => {
  await register(context, person);
  const [phone, office, unknown] = [await openAnotherContext(), await openAnotherContext(), await openAnotherContext()];
  await signInWithUserAgent(phone, person, 'Safari on iPhone', baseURL ?? '');
  await signInWithUserAgent(office, person, 'Firefox on Windows', baseURL ?? '');
  await signIn(unknown, person);
  await page.goto('/account/#sessions');
  await expect(sessionRows(page)).toHaveCount(4);
  await expect(sessionRows(page).first()).toContainText('This device');
  await expect(sessionRows(page).first()).toContainText('Active now');
  await expect(sessionRows(page).first().getByRole('button')).toHaveCount(0);
  await expect(sessionRows(page).filter({ hasText: 'Firefox on Windows' })).toContainText(/127\.0\.0\.1|::1/);
  await expect(sessionRows(page).filter({ hasText: 'Firefox on Windows' })).toContainText('Last active today');
  await expect(page.getByRole('heading', { name: 'Where you are signed in' })).toBeFocused();
  await checkPageState(page, 'sessions');

  await sessionsRegion(page).getByRole('button', { name: 'Sign out Safari on iPhone' }).click();
  await expect(sessionRows(page)).toHaveCount(3);
  await expect(sessionsRegion(page).getByRole('status')).toHaveText('Signed out: Safari on iPhone.');
  await expect(sessionsRegion(page).getByRole('status')).toBeFocused();
  expect(await getSessionEmail(phone)).toBe('');
  expect(await getSessionEmail(office)).toBe(person.email);

  await sessionsRegion(page).getByRole('button', { name: 'Sign out all other devices' }).click();
  await expect(sessionRows(page)).toHaveCount(1);
  await expect(sessionsRegion(page).getByRole('status')).toHaveText('All other devices are signed out.');
  await checkPageState(page, 'sessions-ended');
  expect(await getSessionEmail(office)).toBe('');
  expect(await getSessionEmail(unknown)).toBe('');
  expect(await getSessionEmail(context)).toBe(person.email);
});

test('with a session that is not fresh, the list is shown after the password', async ({
  page,
  context,
  person,
  openAnotherContext,
  guard,
  checkPageState,
}) => {
  await register(context, person);
  const other = await openAnotherContext();
  await signIn(other, person);
  await makeSessionsStale(person.email);
  guard.allow(403, '/api/auth/list-sessions');
  await page.goto('/account/');
  await sessionsRegion(page).getByRole('button', { name: 'Show my devices' }).click();
  const dialog = page.getByRole('dialog', { name: 'Enter your password again' });
  await expect(dialog).toContainText('You signed in a while ago');
  await checkPageState(page, 'password-again');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  const show = sessionsRegion(page).getByRole('button', { name: 'Show my devices' });
  await expect(show).toBeFocused();
  await show.click();
  await dialog.getByLabel(`Password of ${person.email}`).fill(person.password);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  // The old session is revoked, so that the list has one entry for this device.
  await expect(sessionRows(page)).toHaveCount(2);
  await expect(sessionRows(page).first()).toContainText('This device');
  expect(await getSessionEmail(other)).toBe(person.email);
});

test('a list that could not be loaded can be loaded again', async ({
  page,
  context,
  person,
  guard,
  checkPageState,
}) => {
  await register(context, person);
  await page.route('**/api/auth/list-sessions', (route) => route.abort('connectionrefused'));
  guard.allow('failed', '/api/auth/list-sessions');
  await page.goto('/account/');
  await expect(sessionsRegion(page).getByRole('alert')).toContainText('We cannot reach the server');
  await checkPageState(page, 'sessions-unreachable');
  await page.unroute('**/api/auth/list-sessions');
  await sessionsRegion(page).getByRole('button', { name: 'Try again' }).click();
  await expect(sessionRows(page)).toHaveCount(1);
});
