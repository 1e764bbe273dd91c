import type { Page } from '@playwright/test';
import { makeSessionsStale } from './harness/database';
import { getSessionEmail, revokeOtherSessions, signIn, signInOnPage } from './harness/people';
import { expect, newPerson, register, test } from './harness/test';

const region = (page: Page, name: string) => page.getByRole('region', { name });
const passwordRegion = (page: Page) => region(page, 'Password');
const emailRegion = (page: Page) => region(page, 'E-mail address');
const deletionRegion = (page: Page) => region(page, 'Delete your account');

async function openAccountPage(page: Page, origin = ''): Promise<void> {
  await page.goto(`${origin}/account/`);
  await expect(page.getByText('This device')).toBeVisible();
}

async function fillPasswords(page: Page, current: string, next: string): Promise<void> {
  await passwordRegion(page).getByLabel('Current password').fill(current);
  await passwordRegion(page).getByLabel('New password').fill(next);
  await passwordRegion(page).getByRole('button', { name: 'Change password' }).click();
}

async function changeEmail(page: Page, next: string): Promise<void> {
  await emailRegion(page).getByLabel('New e-mail address').fill(next);
  await emailRegion(page).getByRole('button', { name: 'Change address' }).click();
}

async function confirmDeletion(page: Page, typed: string, secret: string): Promise<void> {
  await deletionRegion(page)
    .getByLabel(/to confirm$/)
    .fill(typed);
  await deletionRegion(page).getByLabel('Password', { exact: true }).fill(secret);
  await deletionRegion(page).getByRole('button', { name: 'Delete my account', exact: true }).click();
}

test('R60: the page and the menu show a new name', async ({ page, context, person, checkPageState }) => {
  await register(context, person);
  await openAccountPage(page);
  await checkPageState(page, 'overview');
  await page.getByLabel('Name', { exact: true }).fill('Augusta King');
  await page.getByRole('button', { name: 'Save name' }).click();
  await expect(region(page, 'Your name').getByRole('status')).toHaveText('Saved.');
  await expect(page.getByRole('button', { name: 'Account of Augusta King' })).toContainText('AK');
});

test('after a change of password the old one is rejected, and other devices are signed out', async ({
  page,
  context,
  person,
  openAnotherContext,
  guard,
  checkPageState,
  baseURL,
}) => {
  await register(context, person);
  const other = await openAnotherContext();
  await signIn(other, person);
  await openAccountPage(page);
  guard.allow(400, '/api/auth/change-password');
  await fillPasswords(page, 'not the password', 'a new one for the engine');
  const current = passwordRegion(page).getByLabel('Current password');
  await expect(current).toHaveAccessibleDescription('That is not your password.');
  await expect(current).toHaveAttribute('aria-invalid', 'true');
  await checkPageState(page, 'wrong-password');
  await passwordRegion(page).getByRole('link', { name: 'That is not your password.' }).click();
  await expect(current).toBeFocused();
  await fillPasswords(page, person.password, 'a new one for the engine');
  await expect(passwordRegion(page).getByText(/all other devices are signed out/)).toBeVisible();
  await expect(current).toHaveCount(0);
  await checkPageState(page, 'password-changed');
  expect(await getSessionEmail(other)).toBe('');
  expect(await getSessionEmail(context)).toBe(person.email);
  const old = await other.request.post('/api/auth/sign-in/email', { data: person, headers: { origin: baseURL ?? '' } });
  expect(old.status()).toBe(401);
  await signIn(other, { ...person, password: 'a new one for the engine' });
});

test('other devices stay signed in if the person wants', { tag: '@once' }, async ({
  page,
  context,
  person,
  openAnotherContext,
}) => {
  await register(context, person);
  const other = await openAnotherContext();
  await signIn(other, person);
  await openAccountPage(page);
  await passwordRegion(page).getByLabel('Sign out all other devices').uncheck();
  await fillPasswords(page, person.password, 'a new one for the engine');
  await expect(passwordRegion(page).getByText(/Other devices stay signed in/)).toBeVisible();
  expect(await getSessionEmail(other)).toBe(person.email);
});

test('password managers find the form to change a password and its fields', { tag: '@once' }, async ({
  page,
  context,
  person,
}) => {
  await register(context, person);
  await page.goto('/.well-known/change-password');
  await expect(page).toHaveURL(/\/account\/#password$/);
  await expect(page.getByRole('heading', { name: 'Password', exact: true })).toBeFocused();
  const inputs = await passwordRegion(page)
    .locator('form input[autocomplete]')
    .evaluateAll((all) => all.map((one) => one.getAttribute('autocomplete')));
  expect(inputs).toEqual(['username', 'current-password', 'new-password']);
  await expect(passwordRegion(page).locator('[autocomplete=username]')).toHaveValue(person.email);
});

test('the link in the mail confirms the email address', async ({ page, context, person, mails, checkPageState }) => {
  await register(context, person);
  await openAccountPage(page);
  await expect(emailRegion(page).getByText('Not confirmed yet')).toBeVisible();
  await emailRegion(page).getByRole('button', { name: 'Send a link to confirm it' }).click();
  await expect(emailRegion(page).getByRole('status')).toContainText(person.email);
  await checkPageState(page, 'confirmation-sent');
  await page.goto(await mails.waitForLink('verify-email', person.email));
  await openAccountPage(page);
  await expect(emailRegion(page).getByText('Confirmed', { exact: true })).toBeVisible();
});

test('the link in the mail to the new email address changes it', async ({
  page,
  context,
  person,
  mails,
  openAnotherContext,
  checkPageState,
}) => {
  await register(context, person);
  const next = newPerson().email;
  await openAccountPage(page);
  await changeEmail(page, person.email);
  await expect(emailRegion(page).getByLabel('New e-mail address')).toHaveAccessibleDescription(
    /This is already your address/,
  );
  await changeEmail(page, next);
  await expect(emailRegion(page).getByRole('status')).toContainText(next);
  await checkPageState(page, 'mail-sent');
  expect(await getSessionEmail(context)).toBe(person.email);
  const link = await mails.waitForLink('verify-email', next);
  await page.goto(link);
  await expect(page.getByRole('main').getByRole('status').first()).toContainText(`your address is ${next}`);
  await checkPageState(page, 'email-changed');
  await page.goto(link);
  await expect(page.getByRole('alert').filter({ hasText: 'This link was used or is too old' })).toBeVisible();
  await checkPageState(page, 'link-used');
  await signIn(await openAnotherContext(), { ...person, email: next });
});

test('the link in the mail to the old email address cancels a change of email', async ({
  page,
  context,
  person,
  mails,
  guard,
  checkPageState,
}) => {
  await register(context, person);
  const next = newPerson().email;
  await openAccountPage(page);
  await changeEmail(page, next);
  await expect(emailRegion(page).getByRole('status')).toContainText(next);
  const cancel = await mails.waitForLink('email-change-notice', person.email);
  await page.goto(cancel);
  await expect(page.getByRole('button', { name: 'Stop the change' })).toBeVisible();
  await checkPageState(page, 'change-can-be-stopped');
  await page.getByRole('button', { name: 'Stop the change' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('The change is stopped');
  await checkPageState(page, 'change-stopped');
  await page.goto(await mails.waitForLink('verify-email', next));
  await expect(page.getByRole('alert').filter({ hasText: 'This link was used or is too old' })).toBeVisible();
  expect(await getSessionEmail(context)).toBe(person.email);
  guard.allow(400, '/api/auth/cancel-email-change');
  await page.goto(cancel);
  await page.getByRole('button', { name: 'Stop the change' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('There is nothing to stop any more');
  await checkPageState(page, 'nothing-to-stop');
  await page.goto('/cancel-email-change/');
  await expect(page.getByText('Open the link in the mail that told you about the change.')).toBeVisible();
  await checkPageState(page, 'no-link');
});

test('with an old session, a change of email address asks for the password', async ({
  page,
  context,
  person,
  mails,
  guard,
  checkPageState,
}) => {
  await register(context, person);
  await makeSessionsStale(person.email);
  const next = newPerson().email;
  guard.allow(403, '/api/auth/list-sessions');
  guard.allow(403, '/api/auth/change-email');
  await page.goto('/account/');
  await changeEmail(page, next);
  const dialog = page.getByRole('dialog', { name: 'Enter your password again' });
  await expect(dialog).toContainText('You signed in a while ago');
  await checkPageState(page, 'email-change-needs-password');
  await dialog.getByLabel(`Password of ${person.email}`).fill(person.password);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(emailRegion(page).getByRole('status')).toContainText(next);
  await page.goto(await mails.waitForLink('verify-email', next));
  await expect(page.getByRole('main').getByRole('status').first()).toContainText(`your address is ${next}`);
});

test('a link that belongs to another account changes nothing', { tag: '@once' }, async ({
  page,
  context,
  person,
  mails,
  openAnotherContext,
}) => {
  const second = newPerson();
  const otherContext = await openAnotherContext();
  await register(otherContext, second);
  const otherPage = await otherContext.newPage();
  await openAccountPage(otherPage);
  await changeEmail(otherPage, newPerson().email);
  await changeEmailAgain(otherPage, `x-${second.email}`);
  await register(context, person);
  await page.goto(await mails.waitForLink('verify-email', `x-${second.email}`));
  await expect(page.getByText('This link belongs to another account')).toBeVisible();
  expect(await getSessionEmail(otherContext)).toBe(second.email);
});

async function changeEmailAgain(page: Page, next: string): Promise<void> {
  await emailRegion(page).getByRole('button', { name: 'Use another address' }).click();
  await changeEmail(page, next);
  await expect(emailRegion(page).getByRole('status')).toContainText(next);
}

test('with CHANGE_EMAIL_CONFIRMATION the links to both email addresses are needed', { tag: '@once' }, async ({
  page,
  context,
  person,
  startServer,
}) => {
  const { origin, mails } = await startServer({ CHANGE_EMAIL_CONFIRMATION: 'on' });
  const next = newPerson().email;
  await register(context, person, origin);
  await openAccountPage(page, origin);
  await emailRegion(page).getByRole('button', { name: 'Send a link to confirm it' }).click();
  await page.goto(await mails.waitForLink('verify-email', person.email));
  await openAccountPage(page, origin);
  await changeEmail(page, next);
  await page.goto(await mails.waitForLink('change-email-confirmation', person.email));
  await expect(page.getByRole('main').getByRole('status').first()).toContainText(`your address is ${person.email}`);
  await page.goto(await mails.waitForLink('verify-email', next));
  await expect(page.getByRole('main').getByRole('status').first()).toContainText(`your address is ${next}`);
});

test('the page says which features are off', async ({ page, context, person, startServer, guard, checkPageState }) => {
  const { origin } = await startServer({ CHANGE_EMAIL: 'off', DELETE_USER: 'off', MAIL: 'none' });
  await register(context, person, origin);
  await openAccountPage(page, origin);
  guard.allow(400, '/api/auth/change-email');
  guard.allow(400, '/api/auth/send-verification-email');
  guard.allow(404, '/api/auth/delete-user');
  await emailRegion(page).getByRole('button', { name: 'Send a link to confirm it' }).click();
  await expect(emailRegion(page).getByRole('alert')).toHaveText('This site sends no confirmation mails.');
  await changeEmail(page, newPerson().email);
  await expect(emailRegion(page).getByText('You cannot change your e-mail address')).toBeVisible();
  await deletionRegion(page).getByRole('button', { name: 'Delete my account …' }).click();
  await confirmDeletion(page, 'DELETE', person.password);
  await expect(deletionRegion(page).getByRole('status')).toHaveText(/cannot be deleted here/);
  await checkPageState(page, 'switched-off');
});

test('without mails the email address cannot be changed', { tag: '@once' }, async ({
  page,
  context,
  person,
  startServer,
  guard,
}) => {
  const { origin } = await startServer({ MAIL: 'none' });
  await register(context, person, origin);
  await openAccountPage(page, origin);
  guard.allow(400, '/api/auth/change-email');
  await changeEmail(page, newPerson().email);
  await expect(emailRegion(page).getByText('You cannot change your e-mail address')).toBeVisible();
});

test('an account is deleted with its email address and password', async ({
  page,
  context,
  person,
  guard,
  checkPageState,
  baseURL,
}) => {
  await register(context, person);
  await openAccountPage(page);
  await deletionRegion(page).getByRole('button', { name: 'Delete my account …' }).click();
  const confirm = deletionRegion(page).getByLabel(/to confirm$/);
  await expect(confirm).toBeFocused();
  await confirmDeletion(page, 'yes', person.password);
  await expect(confirm).toHaveAccessibleDescription(/neither your address nor the word DELETE/);
  guard.allow(400, '/api/auth/delete-user');
  await confirmDeletion(page, person.email, 'not the password');
  await expect(deletionRegion(page).getByLabel('Password', { exact: true })).toHaveAccessibleDescription(
    'That is not your password.',
  );
  await checkPageState(page, 'delete');
  await confirmDeletion(page, person.email, person.password);
  await expect(page.getByText('Your account is deleted')).toBeVisible();
  await expect(page.getByText(person.email)).toHaveCount(0);
  await checkPageState(page, 'deleted');
  const response = await context.request.post('/api/auth/sign-in/email', {
    data: person,
    headers: { origin: baseURL ?? '' },
  });
  expect(response.status()).toBe(401);
  await page.getByRole('main').getByRole('link', { name: 'To the home page' }).click();
  await expect(page).toHaveURL('/');
  await page.goBack();
  await expect(page.getByText(person.email)).toHaveCount(0);
});

test('with DELETE_USER_VERIFICATION an account is deleted with a link', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
}) => {
  const { origin, mails } = await startServer({ DELETE_USER_VERIFICATION: 'on' });
  await register(context, person, origin);
  await openAccountPage(page, origin);
  await deletionRegion(page).getByRole('button', { name: 'Delete my account …' }).click();
  await confirmDeletion(page, 'DELETE', person.password);
  await expect(deletionRegion(page).getByRole('status')).toContainText(`open the link in the mail to ${person.email}`);
  await checkPageState(page, 'deletion-mail-sent');
  expect(await getSessionEmail(context, origin)).toBe(person.email);
  await page.goto(await mails.waitForLink('delete-account', person.email));
  await expect(page.getByText('Your account is deleted')).toBeVisible();
  expect(await getSessionEmail(context, origin)).toBe('');
});

test('after too many tries a countdown runs, and then the form works again', { tag: '@once' }, async ({
  page,
  context,
  person,
  startServer,
  guard,
  checkPageState,
}) => {
  const { origin } = await startServer({ RATE_LIMIT: 'on' });
  await register(context, person, origin);
  await openAccountPage(page, origin);
  guard.allow(400, '/api/auth/change-password');
  guard.allow(429, '/api/auth/change-password');
  for (let i = 0; i < 4; i++) {
    const response = page.waitForResponse('**/api/auth/change-password');
    await fillPasswords(page, 'not the password', 'a new one for the engine');
    await response;
    await expect(passwordRegion(page).getByRole('alert')).toBeVisible();
  }
  await expect(passwordRegion(page).getByRole('button', { name: /^Wait \d+ s$/ })).toBeVisible();
  await checkPageState(page, 'too-many-tries');
  await expect(passwordRegion(page).getByRole('button', { name: 'Change password' })).toBeVisible();
  await fillPasswords(page, person.password, 'a new one for the engine');
  await expect(passwordRegion(page).getByText(/Your password is changed/)).toBeVisible();
});

test('after the session was revoked on another device, a change asks for the password and then succeeds', {
  tag: '@once',
}, async ({ page, context, person, openAnotherContext, guard }) => {
  await register(context, person);
  await openAccountPage(page);
  await revokeOtherSessions(await openAnotherContext(), person);
  guard.allow(401, '/api/auth/update-user');
  await page.getByLabel('Name', { exact: true }).fill('Augusta King');
  await page.getByRole('button', { name: 'Save name' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('You were signed out in the meantime');
  await dialog.getByLabel(/^Password of/).fill(person.password);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(region(page, 'Your name').getByRole('status')).toHaveText('Saved.');
});

test('without a session, the page shows the sign-in form and then its content', async ({
  page,
  person,
  openAnotherContext,
  checkPageState,
}) => {
  await register(await openAnotherContext(), person);
  await makeSessionsStale(person.email); // the sign-in below creates a fresh session
  await page.goto('/account/');
  await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
  await checkPageState(page, 'signed-out');
  await signInOnPage(page, person);
  await expect(page.getByText('This device')).toBeVisible();
  await expect(page).toHaveURL('/account/');
});
