import { test } from './harness/feature-test';
import {
  clickAndWaitForAnswer,
  clickButton,
  errorMessage,
  formFields,
  randomIP,
  waitUntilSignedIn,
  waitUntilSignedOut,
} from './harness/forms';
import { askForMail, codeField, getMailedLink } from './harness/passwordless';
import { expectSignedInOnDocs, getSessionEmail } from './harness/people';
import { expect, register } from './harness/test';

const verifyPath = '/api/auth/magic-link/verify';
const codePath = '/api/auth/sign-in/email-otp';

test('a person without an account signs in with a mailed link', async ({
  page,
  person,
  startFeatureServer,
  checkPageState,
}) => {
  const { origin, mails } = await startFeatureServer();
  await page.goto(`${origin}/login/?next=/docs/`);
  await waitUntilSignedOut(page);
  await checkPageState(page, 'with-mail');
  await page.getByRole('link', { name: 'Continue without a password' }).click();
  await expect(page).toHaveURL(`${origin}/login/mail/?next=%2Fdocs%2F`);
  await checkPageState(page, 'mail');
  await askForMail(page, person.email, 'Mail me a link');
  await checkPageState(page, 'mail-link-sent');
  await page.goto(await mails.waitForLink('magic-link', person.email));
  await waitUntilSignedIn(page);
  await expectSignedInOnDocs(page, origin, person);
});

test('a used link leads to the form, with the reason and the next page', async ({
  page,
  person,
  openAnotherContext,
  startFeatureServer,
  checkPageState,
}) => {
  const server = await startFeatureServer();
  const link = await getMailedLink(page, server, person.email);
  const other = await openAnotherContext();
  await (await other.newPage()).goto(link);
  await page.goto(link);
  await expect(errorMessage(page)).toContainText('This link was used or is too old.');
  await expect(errorMessage(page)).toBeFocused();
  await expect(page).toHaveURL(`${server.origin}/login/mail/?next=%2Fdocs%2F`);
  await checkPageState(page, 'mail-link-used');
});

test('a link tells a person without an account that registration is closed', async ({
  page,
  person,
  startFeatureServer,
  checkPageState,
}) => {
  const { origin, mails } = await startFeatureServer({ SIGN_UP: 'off' });
  await page.goto(`${origin}/login/mail/`);
  await askForMail(page, person.email, 'Mail me a link'); // the same answer as for a person with an account
  await page.goto(await mails.waitForLink('magic-link', person.email));
  await expect(errorMessage(page)).toContainText('There is no account with this e-mail address');
  await checkPageState(page, 'mail-sign-up-closed');
});

test('with MAGIC_LINK_CONFIRM a link signs in only after a click', async ({
  page,
  person,
  openAnotherContext,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const server = await startFeatureServer({ MAGIC_LINK_CONFIRM: 'on' });
  const link = await getMailedLink(page, server, person.email);
  const scanner = await openAnotherContext();
  await scanner.request.get(link);
  await page.goto(link);
  await expect(page.getByRole('heading', { name: 'Sign in with this link' })).toBeVisible();
  await expect(page).toHaveURL(`${server.origin}/magic-link/`); // without the token
  await checkPageState(page, 'confirm');
  expect(await getSessionEmail(page.context(), server.origin)).toBe('');
  await clickButton(page, 'Sign in');
  await expectSignedInOnDocs(page, server.origin, person);

  const late = await (await openAnotherContext()).newPage();
  await late.goto(link);
  guard.allow(400, verifyPath);
  await clickButton(late, 'Sign in');
  await expect(errorMessage(late)).toContainText('This link was used or is too old.');
  await checkPageState(late, 'confirm-used');
  await late.getByRole('link', { name: 'Get a new link or a code' }).click();
  await expect(late).toHaveURL(`${server.origin}/login/mail/?next=%2Fdocs%2F`);
});

test('a person with an account signs in with a mailed code', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin, mails } = await startFeatureServer();
  await register(context, person, origin);
  await context.clearCookies();
  await page.goto(`${origin}/login/mail/?next=/docs/`);
  await askForMail(page, person.email, 'Mail me a code');
  await checkPageState(page, 'mail-code');
  const code = await mails.waitForToken('email-otp', person.email);
  guard.allow(400, codePath);
  await codeField(page).fill(code === '123456' ? '654321' : '123456');
  await clickButton(page, 'Sign in');
  await expect(errorMessage(page)).toContainText('That is not the code of the newest mail.');
  await checkPageState(page, 'mail-code-wrong');
  await codeField(page).fill(`${code.slice(0, 3)} ${code.slice(3)}`);
  await codeField(page).press('Enter');
  await expectSignedInOnDocs(page, origin, person);
});

test('after three wrong codes a person gets a new one', async ({ page, person, startFeatureServer, guard }) => {
  const { origin, mails } = await startFeatureServer();
  await page.goto(`${origin}/login/mail/`);
  await askForMail(page, person.email, 'Mail me a code');
  const first = await mails.waitForToken('email-otp', person.email);
  const wrong = first === '111111' ? '222222' : '111111';
  guard.allow(400, codePath);
  guard.allow(403, codePath);
  for (let i = 0; i < 4; i++) {
    await codeField(page).fill(wrong);
    await clickAndWaitForAnswer(page, 'Sign in', codePath);
    await expect(errorMessage(page)).toBeVisible();
  }
  await expect(errorMessage(page)).toContainText('Too many wrong codes');
  await clickButton(page, 'Send the mail again');
  await expect(page.getByText('Sent again.')).toBeVisible();
  await codeField(page).fill(await mails.waitForToken('email-otp', person.email));
  await clickButton(page, 'Sign in');
  await waitUntilSignedIn(page);
});

test('says how long to wait after too many mails', async ({
  page,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer({ RATE_LIMIT: 'on', CLIENT_IP: 'xff:0' });
  const ip = randomIP();
  await page.setExtraHTTPHeaders({ 'x-forwarded-for': ip });
  for (let i = 0; i < 5; i++)
    await page.request.post(`${origin}/api/auth/sign-in/magic-link`, {
      data: { email: person.email },
      headers: { origin, 'x-forwarded-for': ip },
    });
  await page.goto(`${origin}/login/mail/`);
  guard.allow(429, '/api/auth/sign-in/magic-link');
  await formFields(page).email.fill(person.email);
  await clickButton(page, 'Mail me a link');
  await expect(errorMessage(page)).toContainText(/You can try again in \d+ (s|min)\./);
  await checkPageState(page, 'mail-limited');
});
