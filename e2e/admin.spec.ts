import type { Page } from '@playwright/test';
import { executeSQL } from './harness/database';
import { allFeatures, buildFeatureSite } from './harness/feature-site';
import { errorMessage, submitSignIn, waitUntilSignedIn } from './harness/forms';
import { getSessionEmail, signIn } from './harness/people';
import { expect, newPerson, type Person, register, test } from './harness/test';

let site: string;
test.beforeAll(async () => {
  test.setTimeout(420_000); // the first worker builds the site
  site = await buildFeatureSite();
});

const makeAdministrator = (email: string) => executeSQL(`UPDATE "user" SET role = 'admin' WHERE email = $1`, email);
const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

/** Searches for a user in the list and opens the page of the user. */
async function openUser(page: Page, origin: string, { name, email }: Person): Promise<void> {
  await page.goto(`${origin}/admin/`);
  await page.getByLabel('Search', { exact: true }).fill(email);
  await page.getByRole('main').getByRole('button', { name: 'Search' }).click();
  await expect(page.getByText('One user')).toBeVisible();
  await page.getByRole('main').getByRole('link', { name }).click();
  await expect(page.getByRole('heading', { name: 'User', exact: true })).toBeFocused();
  await expect(region(page, 'Role')).toBeVisible();
}

test('an administrator bans a user with a reason, and the user cannot sign in', async ({
  page,
  context,
  person,
  openAnotherContext,
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  const user = { ...newPerson(), name: 'Charles Babbage' };
  const device = await openAnotherContext();
  await register(device, user, origin);
  await register(context, person, origin);
  await makeAdministrator(person.email);
  await openUser(page, origin, user);
  await checkPageState(page, 'user');
  await page.getByLabel('Reason').fill('sends spam');
  await page.getByLabel('For how long').selectOption('7 days');
  await page.getByRole('button', { name: 'Ban', exact: true }).click();
  await expect(region(page, 'Ban').getByRole('status')).toHaveText('The user is banned.');
  await expect(region(page, 'Ban').getByRole('status')).toBeFocused();
  await expect(region(page, 'Ban')).toContainText('Reason: sends spam');
  await checkPageState(page, 'user-banned');
  expect(await getSessionEmail(device, origin)).toBe('');

  const other = await device.newPage();
  await other.goto(`${origin}/login/?next=/docs/`);
  guard.allow(403, '/api/auth/sign-in/email');
  await submitSignIn(other, user);
  await expect(errorMessage(other)).toContainText('This account is closed.');

  await page.getByRole('button', { name: 'End the ban' }).click();
  await expect(region(page, 'Ban').getByRole('status')).toHaveText('The ban has ended.');
  await submitSignIn(other, user);
  await waitUntilSignedIn(other);

  await page.reload();
  const events = region(page, 'Audit trail').getByRole('row');
  await expect(events.filter({ hasText: 'User banned' })).toContainText('By you');
  await expect(events.filter({ hasText: 'Refused' })).toContainText('Sign-in with the password Refused403 BANNED_USER');
  await expect(events.last()).toContainText('Registration');
  await checkPageState(page, 'user-audit');
});

test('the list has search, filter, order and pages', async ({ page, context, person, startServer, checkPageState }) => {
  const { origin } = await startServer(allFeatures, [], site);
  await register(context, person, origin);
  await makeAdministrator(person.email);
  const id = person.email.slice(4, 12);
  await executeSQL(
    `INSERT INTO "user" (name, email, "emailVerified", banned, "createdAt", "updatedAt")
     SELECT 'Number ' || lpad(n::text, 2, '0'), 'n' || n || '-${id}@example.com', false, n = 7, now(), now()
     FROM generate_series(1, 45) n`,
  );
  await page.goto(`${origin}/admin/`);
  await page.getByLabel('Search', { exact: true }).fill(`-${id}`);
  await page.getByLabel('Search', { exact: true }).press('Enter');
  await expect(page.getByText('46 users')).toBeVisible(); // and the administrator
  await page.getByLabel('Order').selectOption('By name');
  await expect(page.getByRole('main').getByRole('listitem').nth(1)).toContainText('Number 01');
  await checkPageState(page, 'list');
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page.getByText('Page 2 of 3')).toBeVisible();
  await expect(page.getByRole('main').getByRole('listitem').first()).toContainText('Number 20');
  await expect(page.getByRole('button', { name: 'Next' })).toBeFocused();
  await page.reload();
  await expect(page.getByRole('main').getByRole('listitem').first()).toContainText('Number 20');
  await page.getByLabel('Show').selectOption('Banned users');
  await expect(page.getByText('One user')).toBeVisible();
  await expect(page.getByRole('main').getByRole('listitem')).toContainText('Number 07 Banned');
  await page.getByLabel('Show').selectOption('All users');
  await expect(page.getByText('Page 1 of 3')).toBeVisible();
  await page.getByLabel('Search', { exact: true }).fill('%');
  await page.getByRole('main').getByRole('button', { name: 'Search' }).click();
  await expect(page.getByText('No user matches.')).toBeVisible();
  await checkPageState(page, 'list-empty');
});

test('an administrator ends sessions, sets the password and the role, and deletes a user', async ({
  page,
  context,
  person,
  openAnotherContext,
  startServer,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  const user = { ...newPerson(), name: 'Charles Babbage' };
  const [phone, office] = [await openAnotherContext(), await openAnotherContext()];
  await register(phone, user, origin);
  await signIn(office, user, origin);
  await register(context, person, origin);
  await makeAdministrator(person.email);
  await openUser(page, origin, user);
  const sessions = region(page, 'Sessions');
  await expect(sessions.getByRole('listitem')).toHaveCount(2);
  await sessions
    .getByRole('button', { name: /^Sign out / })
    .first()
    .click();
  await expect(sessions.getByRole('listitem')).toHaveCount(1);
  await expect(sessions.getByRole('status')).toBeFocused();
  await sessions.getByRole('button', { name: 'Sign out everywhere' }).click();
  await expect(sessions).toContainText('Not signed in on any device.');
  expect(await getSessionEmail(phone, origin)).toBe('');
  expect(await getSessionEmail(office, origin)).toBe('');

  const password = 'a password from the administrator';
  await page.getByLabel('New password of the user').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(region(page, 'Password').getByText('The new password is saved.')).toBeFocused();
  await signIn(phone, { ...user, password }, origin);

  await page.getByLabel('Role of the user').selectOption('Administrator');
  await page.getByRole('button', { name: 'Save the role' }).click();
  await expect(region(page, 'Role').getByRole('status')).toHaveText('The role is saved.');
  const later = await phone.newPage();
  await later.goto(`${origin}/`);
  await later.getByRole('button', { name: 'Account of' }).click();
  await expect(later.getByRole('link', { name: 'Users', exact: true })).toBeVisible();
  await later.close();

  await page.getByLabel(`Type ${user.email} to confirm`).fill(user.email);
  await page.getByRole('button', { name: 'Delete the user' }).click();
  await expect(page.getByText('The user is deleted.')).toBeVisible();
  await expect(page).toHaveURL(`${origin}/admin/?removed=yes`);
});

test('while an administrator acts as a user, a bar on every page ends it', async ({
  page,
  context,
  person,
  openAnotherContext,
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  const user = { ...newPerson(), name: 'Charles Babbage' };
  await register(await openAnotherContext(), user, origin);
  await register(context, person, origin);
  await makeAdministrator(person.email);
  await openUser(page, origin, user);
  await page.getByRole('button', { name: 'Act as this user' }).click();
  const bar = page.getByRole('complementary', { name: 'Acting as a user' });
  await expect(bar).toContainText(`You act as Charles Babbage (${user.email}).`);
  await expect(page).toHaveURL(`${origin}/`);
  for (const path of ['/docs/', '/account/']) {
    await page.goto(origin + path);
    await expect(bar).toBeVisible();
    await checkPageState(page, 'impersonating');
  }
  expect(await getSessionEmail(context, origin)).toBe(user.email);
  guard.allow(403, '/api/auth/admin/list-users');
  await page.goto(`${origin}/admin/`);
  await expect(errorMessage(page)).toContainText('This page is for administrators');
  await checkPageState(page, 'forbidden');
  await bar.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('heading', { name: 'User', exact: true })).toBeVisible();
  await expect(bar).toHaveCount(0);
  expect(await getSessionEmail(context, origin)).toBe(person.email);
});

test('the page asks a person who is signed out to sign in, and has nothing for others', async ({
  page,
  person,
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  await page.goto(`${origin}/admin/`);
  await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
  await checkPageState(page, 'signed-out');
  await register(page.context(), person, origin);
  guard.allow(403, '/api/auth/admin/list-users');
  await page.reload();
  await expect(errorMessage(page)).toContainText('This page is for administrators');
});
