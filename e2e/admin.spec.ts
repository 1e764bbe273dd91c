import {
  impersonationBar,
  newUser,
  openUser,
  registerAdministrator,
  searchUsers,
  sectionOf,
  userRows,
} from './harness/administrators';
import { executeSQL } from './harness/database';
import { test } from './harness/feature-test';
import { clickButton, errorMessage, submitSignIn, waitUntilSignedIn } from './harness/forms';
import { getSessionEmail, signIn } from './harness/people';
import { expect, register } from './harness/test';

test('an administrator bans a user with a reason, and the user cannot sign in', async ({
  page,
  context,
  person,
  openAnotherContext,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer();
  const user = newUser();
  const device = await openAnotherContext();
  await register(device, user, origin);
  await registerAdministrator(context, person, origin);
  await openUser(page, origin, user);
  await checkPageState(page, 'user');
  await page.getByLabel('Reason').fill('sends spam');
  await page.getByLabel('For how long').selectOption('7 days');
  await clickButton(page, 'Ban');
  await expect(sectionOf(page, 'Ban').getByRole('status')).toHaveText('The user is banned.');
  await expect(sectionOf(page, 'Ban').getByRole('status')).toBeFocused();
  await expect(sectionOf(page, 'Ban')).toContainText('Reason: sends spam');
  await checkPageState(page, 'user-banned');
  expect(await getSessionEmail(device, origin)).toBe('');

  const other = await device.newPage();
  await other.goto(`${origin}/login/?next=/docs/`);
  guard.allow(403, '/api/auth/sign-in/email');
  await submitSignIn(other, user);
  await expect(errorMessage(other)).toContainText('This account is closed.');

  await clickButton(page, 'End the ban');
  await expect(sectionOf(page, 'Ban').getByRole('status')).toHaveText('The ban has ended.');
  await submitSignIn(other, user);
  await waitUntilSignedIn(other);

  await page.reload();
  const events = sectionOf(page, 'Audit trail').getByRole('row');
  await expect(events.filter({ hasText: 'User banned' })).toContainText('By you');
  await expect(events.filter({ hasText: 'Refused' })).toContainText('Sign-in with the password Refused403 BANNED_USER');
  await expect(events.last()).toContainText('Registration');
  await checkPageState(page, 'user-audit');
});

test('the list has search, filter, order and pages', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
}) => {
  const { origin } = await startFeatureServer();
  await registerAdministrator(context, person, origin);
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
  await expect(userRows(page).nth(1)).toContainText('Number 01');
  await checkPageState(page, 'list');
  await clickButton(page, 'Next');
  await expect(page.getByText('Page 2 of 3')).toBeVisible();
  await expect(userRows(page).first()).toContainText('Number 20');
  await expect(page.getByRole('button', { name: 'Next' })).toBeFocused();
  await page.reload();
  await expect(userRows(page).first()).toContainText('Number 20');
  await page.getByLabel('Show').selectOption('Banned users');
  await expect(page.getByText('One user')).toBeVisible();
  await expect(userRows(page)).toContainText('Number 07 Banned');
  await page.getByLabel('Show').selectOption('All users');
  await expect(page.getByText('Page 1 of 3')).toBeVisible();
  await searchUsers(page, '%');
  await expect(page.getByText('No user matches.')).toBeVisible();
  await checkPageState(page, 'list-empty');
});

test('an administrator ends sessions, sets the password and the role, and deletes a user', async ({
  page,
  context,
  person,
  openAnotherContext,
  startFeatureServer,
  checkPageState,
}) => {
  const { origin } = await startFeatureServer();
  const user = newUser();
  const [phone, office] = [await openAnotherContext(), await openAnotherContext()];
  await register(phone, user, origin);
  await signIn(office, user, origin);
  await registerAdministrator(context, person, origin);
  await openUser(page, origin, user);
  const sessions = sectionOf(page, 'Sessions');
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
  await clickButton(page, 'Set the password');
  await expect(sectionOf(page, 'Password').getByText('The new password is saved.')).toBeFocused();
  await signIn(phone, { ...user, password }, origin);

  await page.getByLabel('Role of the user').selectOption('Administrator');
  await clickButton(page, 'Save the role');
  await expect(sectionOf(page, 'Role').getByRole('status')).toHaveText('The role is saved.');
  const later = await phone.newPage();
  await later.goto(`${origin}/`);
  await later.getByRole('button', { name: 'Account of' }).click();
  await expect(later.getByRole('link', { name: 'Users', exact: true })).toBeVisible();
  await checkPageState(later, 'menu-of-administrator');
  await later.close();

  await page.getByLabel(`Type ${user.email} to confirm`).fill(user.email);
  await clickButton(page, 'Delete the user');
  await expect(page.getByText('The user is deleted.')).toBeVisible();
  await expect(page).toHaveURL(`${origin}/admin/?removed=yes`);
  await checkPageState(page, 'list-removed');
});

test('while an administrator acts as a user, a bar on every page ends it', async ({
  page,
  context,
  person,
  openAnotherContext,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer();
  const user = newUser();
  await register(await openAnotherContext(), user, origin);
  await registerAdministrator(context, person, origin);
  await openUser(page, origin, user);
  await clickButton(page, 'Act as this user');
  const bar = impersonationBar(page);
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
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer();
  await page.goto(`${origin}/admin/`);
  await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
  await checkPageState(page, 'signed-out');
  await register(page.context(), person, origin);
  guard.allow(403, '/api/auth/admin/list-users');
  await page.reload();
  await expect(errorMessage(page)).toContainText('This page is for administrators');
});
