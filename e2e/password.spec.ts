import {
  errorMessage,
  formFields,
  randomIP,
  submitSignIn,
  waitForMissingProfile,
  waitUntilSignedOut,
} from './harness/forms';
import { expect, register, test } from './harness/test';

const mailboxHeading = { name: 'Check your mailbox' };
const resetPath = '/api/auth/reset-password';

test('R60: a person resets a forgotten password with the link in the mail', async ({
  page,
  openAnotherContext,
  mails,
  person,
  guard,
  checkPageState,
}) => {
  await register(await openAnotherContext(), person);
  await page.goto('/login/');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await expect(page).toHaveURL('/forgot-password/');
  await waitUntilSignedOut(page);
  await checkPageState(page, 'empty');
  await formFields(page).email.fill(person.email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await expect(page.getByRole('heading', mailboxHeading)).toBeFocused();
  await expect(page.getByText(`If ${person.email} has an account here`)).toBeVisible();
  await checkPageState(page, 'sent');

  const link = await mails.waitForLink('reset-password', person.email);
  await page.goto(link);
  await waitUntilSignedOut(page);
  await expect(page).toHaveURL('/reset-password/'); // the page removes the token from the URL
  await expect(formFields(page).newPassword).toBeVisible();
  await checkPageState(page, 'new-password');
  await formFields(page).newPassword.fill('short');
  await page.getByRole('button', { name: 'Save the password' }).click();
  await expect(errorMessage(page)).toHaveText('The password needs at least 8 characters.');
  await checkPageState(page, 'too-short');
  await formFields(page).newPassword.fill('an analytical engine');
  await page.getByRole('button', { name: 'Save the password' }).click();
  await expect(page).toHaveURL('/login/?reset=1');
  await expect(page.getByText('Your new password is saved.')).toBeVisible();
  await checkPageState(page, 'password-saved');
  guard.allow(401, '/api/auth/sign-in/email');
  await submitSignIn(page, person);
  await expect(errorMessage(page)).toHaveText('Wrong e-mail address or password.');
  const arrived = waitForMissingProfile(page, guard);
  await submitSignIn(page, { email: person.email, password: 'an analytical engine' });
  await arrived;
  await expect(page).toHaveURL('/profile/');
});

test('R60: a link works once, and a used link offers a new one', async ({
  page,
  openAnotherContext,
  mails,
  person,
  guard,
  checkPageState,
}) => {
  await register(await openAnotherContext(), person);
  const requestResetMail = async () => {
    await formFields(page).email.fill(person.email);
    await page.getByRole('button', { name: 'Send me a link' }).click();
    await expect(page.getByRole('heading', mailboxHeading)).toBeVisible();
  };
  await page.goto('/forgot-password/');
  await requestResetMail();
  const link = await mails.waitForLink('reset-password', person.email);
  await page.goto(link);
  const second = await page.context().newPage();
  await second.goto(link);
  for (const tab of [page, second]) await formFields(tab).newPassword.fill('an analytical engine');
  await page.getByRole('button', { name: 'Save the password' }).click();
  await expect(page).toHaveURL('/login/?reset=1');
  guard.allow(400, resetPath);
  await second.getByRole('button', { name: 'Save the password' }).click();
  await expect(second.getByRole('heading', { name: 'This link no longer works' })).toBeFocused();
  await second.close();

  await page.goto(link);
  await waitUntilSignedOut(page);
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeVisible();
  await checkPageState(page, 'used');
  await requestResetMail();
  await checkPageState(page, 'sent');
  await page.goto(await mails.waitForLink('reset-password', person.email));
  await expect(formFields(page).newPassword).toBeVisible();
});

test('R19: an unknown email address gets the same screen and no mail', { tag: '@once' }, async ({
  page,
  openAnotherContext,
  mails,
  person,
}) => {
  const known = person.email;
  const unknown = `unknown-${person.email}`;
  await register(await openAnotherContext(), person);
  const screens: string[] = [];
  for (const email of [unknown, known]) {
    await page.goto('/forgot-password/');
    await formFields(page).email.fill(email);
    await page.getByRole('button', { name: 'Send me a link' }).click();
    await expect(page.getByRole('heading', mailboxHeading)).toBeVisible();
    screens.push((await page.getByRole('main').innerHTML()).replace(email, 'ADDRESS'));
  }
  expect(screens[0]).toBe(screens[1]);
  await mails.waitForLink('reset-password', known);
  expect(mails.count('reset-password', unknown)).toBe(0);
});

test('R60: a mail can be sent again, and the email address can be corrected', async ({
  page,
  openAnotherContext,
  mails,
  person,
  checkPageState,
}) => {
  await register(await openAnotherContext(), person);
  await page.goto('/forgot-password/');
  await formFields(page).email.fill(`x${person.email}`);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await page.getByRole('button', { name: 'Use another address' }).click();
  await expect(page.getByRole('heading', { name: 'Forgot your password?' })).toBeFocused();
  await formFields(page).email.fill(person.email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await mails.waitForLink('reset-password', person.email);
  await page.getByRole('button', { name: 'Send the mail again' }).click();
  await expect(page.getByText('Sent again.')).toBeVisible();
  await checkPageState(page, 'sent-again');
  await page.goto(await mails.waitForLink('reset-password', person.email));
  await expect(formFields(page).newPassword).toBeVisible();
});

test('R60: after too many mails the button shows when the next one can be sent', async ({
  page,
  startServer,
  context,
  person,
  guard,
  checkPageState,
}) => {
  const xenon = await startServer({ RATE_LIMIT: 'on', CLIENT_IP: 'xff:0' });
  await context.setExtraHTTPHeaders({ 'X-Forwarded-For': randomIP() });
  guard.allow(429, '/api/auth/request-password-reset');
  await page.goto(`${xenon.origin}/forgot-password/`);
  await formFields(page).email.fill(person.email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  for (let sent = 1; sent <= 3; sent++) {
    await page.getByRole('button', { name: 'Send the mail again' }).click();
    if (sent < 3) await expect(page.getByText('Sent again.')).toBeVisible();
  }
  await expect(errorMessage(page)).toContainText(/Too many tries\. Please wait\.You can try again in \d+ s\./);
  await expect(page.getByRole('button', { name: /^Wait \d+ s$/ })).toHaveAttribute('aria-disabled', 'true');
  await checkPageState(page, 'rate-limited');
});

test('R60: the page without a token says that the link is in the mail', async ({ page, checkPageState }) => {
  await page.goto('/reset-password/');
  await waitUntilSignedOut(page);
  await expect(page.getByText('Open the link in the mail that we sent you.')).toBeVisible();
  await checkPageState(page, 'no-link');
});

test('R60: without mails the form says that passwords cannot be reset', async ({
  page,
  startServer,
  person,
  guard,
  checkPageState,
}) => {
  const xenon = await startServer({ MAIL: 'none' });
  guard.allow(400, '/api/auth/request-password-reset');
  await page.goto(`${xenon.origin}/forgot-password/`);
  await formFields(page).email.fill(person.email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await expect(errorMessage(page)).toHaveText('Passwords cannot be reset by mail here.');
  await checkPageState(page, 'switched-off');
});

test('password managers find the form to change a password', { tag: '@once' }, async ({ page, context, person }) => {
  await register(context, person);
  await page.goto('/.well-known/change-password');
  await expect(page).toHaveURL('/account/#password');
});
