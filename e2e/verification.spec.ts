import {
  errorMessage,
  formFields,
  submitRegistration,
  submitSignIn,
  waitForMissingProfile,
  waitUntilSignedIn,
  waitUntilSignedOut,
} from './harness/forms';
import { expect, register, test } from './harness/test';

const strictSettings = { REQUIRE_EMAIL_VERIFICATION: 'on' };
const confirmedHeading = { name: 'Your e-mail address is confirmed' };
const mailboxHeading = { name: 'Check your mailbox' };

test('R60: the email address must be confirmed with the link in the mail before the sign-in', async ({
  page,
  startServer,
  person,
  guard,
  checkPageState,
}) => {
  const xenon = await startServer(strictSettings);
  await page.goto(`${xenon.origin}/register/?next=/docs/`);
  await submitRegistration(page, person);
  await expect(page.getByRole('heading', mailboxHeading)).toBeFocused();
  await checkPageState(page, 'mailbox');
  const link = await xenon.mails.waitForLink('verify-email', person.email);

  guard.allow(403, '/api/auth/sign-in/email');
  await page.goto(`${xenon.origin}/login/`);
  await submitSignIn(page, person);
  await expect(errorMessage(page).first()).toContainText('Please confirm your e-mail address first');
  await expect(formFields(page).password).toHaveValue(person.password);
  await checkPageState(page, 'unverified');
  await page.getByRole('button', { name: 'Send the mail again' }).click();
  await expect(page.getByText('Sent again.')).toBeVisible();
  await checkPageState(page, 'unverified-sent-again');
  expect(await xenon.mails.waitForLink('verify-email', person.email)).toContain('/api/auth/verify-email?');

  await page.goto(link);
  await expect(page.getByRole('heading', confirmedHeading)).toBeVisible();
  await waitUntilSignedOut(page);
  await checkPageState(page, 'confirmed');
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await submitSignIn(page, person);
  await expect(page).toHaveURL(`${xenon.origin}/docs/`);
});

test('R19: a registered email address gets the same screen as a new one', { tag: '@once' }, async ({
  page,
  startServer,
  openAnotherContext,
  person,
}) => {
  await register(await openAnotherContext(), person);
  const xenon = await startServer(strictSettings);
  const screens: string[] = [];
  for (const email of [person.email, `new-${person.email}`]) {
    await page.goto(`${xenon.origin}/register/`);
    await submitRegistration(page, { ...person, email });
    await expect(page.getByRole('heading', mailboxHeading)).toBeVisible();
    screens.push((await page.getByRole('main').innerHTML()).replace(email, 'ADDRESS'));
  }
  expect(screens[0]).toBe(screens[1]);
  await xenon.mails.waitForLink('verify-email', `new-${person.email}`);
  expect(xenon.mails.count('verify-email', person.email)).toBe(0);
});

test('R60: the page of an invalid link offers to send a new link', async ({
  page,
  startServer,
  person,
  checkPageState,
}) => {
  const xenon = await startServer(strictSettings);
  await page.goto(`${xenon.origin}/register/`);
  await submitRegistration(page, person);
  const link = new URL(await xenon.mails.waitForLink('verify-email', person.email));
  const token = link.searchParams.get('token') ?? '';
  link.searchParams.set('token', `${token.slice(0, -3)}abc`);
  await page.goto(link.href);
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeVisible();
  await waitUntilSignedOut(page);
  await checkPageState(page, 'used');
  await formFields(page).email.fill(person.email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await expect(page.getByRole('heading', mailboxHeading)).toBeFocused();
  await checkPageState(page, 'sent');
  await page.goto(await xenon.mails.waitForLink('verify-email', person.email));
  await expect(page.getByRole('heading', confirmedHeading)).toBeVisible();
});

test('R60: the link signs the person in, and a second use changes nothing', async ({
  page,
  startServer,
  person,
  checkPageState,
}) => {
  const xenon = await startServer({ ...strictSettings, AUTO_SIGN_IN_AFTER_VERIFICATION: 'on' });
  await page.goto(`${xenon.origin}/register/?next=/docs/`);
  await submitRegistration(page, person);
  const link = await xenon.mails.waitForLink('verify-email', person.email);
  await page.goto(link);
  await waitUntilSignedIn(page);
  await expect(page.getByRole('heading', confirmedHeading)).toBeVisible();
  await checkPageState(page, 'confirmed-and-signed-in');
  await page.goto(link);
  await expect(page.getByRole('heading', confirmedHeading)).toBeVisible();
  await page.goto(`${xenon.origin}/verify-email/`); // without a token: the email address is confirmed already
  await expect(page.getByRole('heading', confirmedHeading)).toBeVisible();
  await page.goBack();
  await page.getByRole('main').getByRole('link', { name: 'Continue' }).click();
  await expect(page).toHaveURL(`${xenon.origin}/docs/`);
});

test('R60: the link of a deleted account shows that the account does not exist', async ({
  page,
  startServer,
  context,
  person,
  checkPageState,
}) => {
  const xenon = await startServer({ ...strictSettings, AUTO_SIGN_IN_AFTER_VERIFICATION: 'on' });
  await page.goto(`${xenon.origin}/register/`);
  await submitRegistration(page, person);
  const link = await xenon.mails.waitForLink('verify-email', person.email);
  await page.goto(link);
  await waitUntilSignedIn(page);
  const { origin } = xenon;
  const deletion = await context.request.post(`${origin}/api/auth/delete-user`, {
    data: { password: person.password },
    headers: { origin },
  });
  expect(deletion.status(), await deletion.text()).toBe(200);
  await page.goto(link);
  await expect(page.getByRole('heading', { name: 'This account no longer exists' })).toBeVisible();
  await waitUntilSignedOut(page);
  await checkPageState(page, 'account-deleted');
});

test('R60: a person who is signed in can ask for the mail, but only to their own email address', async ({
  page,
  context,
  mails,
  person,
  guard,
  checkPageState,
}) => {
  await register(context, person);
  await page.goto('/verify-email/');
  await waitUntilSignedIn(page);
  await expect(formFields(page).email).toHaveValue(person.email);
  await checkPageState(page, 'signed-in');
  guard.allow(400, '/api/auth/send-verification-email');
  await formFields(page).email.fill(`other-${person.email}`);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await expect(errorMessage(page)).toHaveText(
    'You are signed in with another e-mail address. Use that one, or sign out first.',
  );
  await checkPageState(page, 'other-email');
  await formFields(page).email.fill(person.email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await page.goto(await mails.waitForLink('verify-email', person.email));
  await expect(page.getByRole('heading', confirmedHeading)).toBeVisible();
  const arrived = waitForMissingProfile(page, guard);
  await page.getByRole('main').getByRole('link', { name: 'Continue' }).click();
  await arrived;
  await expect(page).toHaveURL('/profile/');
});
