import {
  impersonationBar,
  newUser,
  openUser,
  registerAdministrator,
  sectionOf,
  userRows,
} from './harness/administrators';
import { answerWith503, failRequests, holdAnswers, stopChangingAnswers } from './harness/answers';
import { executeSQL } from './harness/database';
import { test } from './harness/feature-test';
import { clickButton, errorMessage, formFields, signInToOpenDocs } from './harness/forms';
import { expectNoOverflow } from './harness/layout';
import { askForMail, codeField } from './harness/passwordless';
import { registerWithApp, submitAppCode, submitSecondStepMail } from './harness/second-factor';
import { expect, register } from './harness/test';

// States of the pages of the plugins that a person meets seldom: loading, empty, no answer, long texts.

const linkPath = '/api/auth/sign-in/magic-link';
const auditPath = '/api/auth/admin/list-audit-events';
const listPath = '/api/auth/admin/list-users';

test('the list of users shows that it loads, and what to do without an answer', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer();
  await registerAdministrator(context, person, origin);
  const release = await holdAnswers(page, listPath);
  await page.goto(`${origin}/admin/`);
  await expect(page.getByRole('status', { name: 'Loading' })).toBeVisible();
  await checkPageState(page, 'list-loading');
  release();
  await expect(userRows(page).first()).toBeVisible();
  await stopChangingAnswers(page, listPath);

  await answerWith503(page, guard, listPath);
  await page.getByLabel('Order').selectOption('Oldest first');
  await expect(errorMessage(page)).toContainText('The server is busy or starting.');
  await checkPageState(page, 'list-failed');
  await stopChangingAnswers(page, listPath);
  await clickButton(page, 'Try again');
  await expect(userRows(page).first()).toBeVisible();
});

test('a page after the last has no users, and the button leads to the last one', async ({
  page,
  context,
  person,
  startFeatureServer,
}) => {
  const { origin } = await startFeatureServer();
  await registerAdministrator(context, person, origin);
  await page.goto(`${origin}/admin/?q=${encodeURIComponent(person.email)}&page=9`);
  await expect(page.getByText('Page 9 of 1')).toBeVisible();
  await clickButton(page, 'Previous');
  await expect(userRows(page)).toContainText(person.email);
});

test('the page of a user shows its own account, an unknown user, and a failure of the sessions', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startFeatureServer();
  await registerAdministrator(context, person, origin);
  await page.goto(`${origin}/admin/?q=${encodeURIComponent(person.email)}`);
  await page.getByRole('main').getByRole('link', { name: person.name }).click();
  await expect(page.getByText('This is your own account.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Ban', exact: true })).toHaveCount(0);
  await checkPageState(page, 'user-self');

  const sessionsPath = '/api/auth/admin/list-user-sessions';
  await answerWith503(page, guard, sessionsPath);
  await page.reload();
  await expect(errorMessage(page)).toContainText('The server is busy or starting.');
  await checkPageState(page, 'user-sessions-failed');
  await stopChangingAnswers(page, sessionsPath);
  await clickButton(page, 'Try again');
  await expect(page.getByText('This device')).toBeVisible();

  guard.allow(404, '/api/auth/admin/get-user');
  await page.goto(`${origin}/admin/?user=11111111-1111-4111-8111-111111111111`);
  await expect(errorMessage(page)).toBeVisible();
  await checkPageState(page, 'user-unknown');
});

test('the audit trail shows that it loads, what to do without an answer, and more events', async ({
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
  const id = new URL(page.url()).searchParams.get('user') ?? '';
  // The trail has an event for each of these requests, and shows 50 events at a time.
  for (let i = 0; i < 60; i++) {
    const answer = await context.request.get(`${origin}/api/auth/admin/get-user?id=${id}`);
    expect(answer.status()).toBe(200);
  }
  const trail = sectionOf(page, 'Audit trail');
  const release = await holdAnswers(page, auditPath);
  await page.reload();
  await expect(trail.getByRole('status', { name: 'Loading' })).toBeVisible();
  await checkPageState(page, 'user-audit-loading');
  release();
  await expect(trail.getByText('50 events')).toBeVisible();
  await stopChangingAnswers(page, auditPath);

  await answerWith503(page, guard, auditPath);
  await clickButton(page, 'Load more');
  await expect(errorMessage(page)).toContainText('The server is busy or starting.');
  await checkPageState(page, 'user-audit-failed');
  await stopChangingAnswers(page, auditPath);
  await clickButton(page, 'Try again');
  await expect(trail.getByText('These are all events.')).toBeFocused();
  await expect(trail.getByRole('row').last()).toContainText('Registration');
  await checkPageState(page, 'user-audit-all');
});

test('long names and emails fit into the list, the page of a user and the bar', async ({
  page,
  context,
  person,
  openAnotherContext,
  startFeatureServer,
  checkPageState,
}) => {
  const { origin } = await startFeatureServer();
  const local = `a-very-long-email-that-has-no-place-to-break-${person.email.slice(4, 12)}`.padEnd(64, 'x');
  const user = { ...newUser(), name: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(3), email: `${local}@example.com` };
  await register(await openAnotherContext(), user, origin);
  await registerAdministrator(context, person, origin);
  await executeSQL(
    `UPDATE "user" SET banned = true, "banReason" = $2, role = 'admin,editor' WHERE email = $1`,
    user.email,
    'spam'.repeat(40),
  );
  await page.goto(`${origin}/admin/?q=${encodeURIComponent(user.email)}`);
  await expect(page.getByText('One user')).toBeVisible();
  await expectNoOverflow(page);
  await checkPageState(page, 'list-long');
  await page.getByRole('main').getByRole('link', { name: user.name }).click();
  await expect(sectionOf(page, 'Role')).toBeVisible();
  await expectNoOverflow(page);
  await checkPageState(page, 'user-long');
  await executeSQL(`UPDATE "user" SET banned = false, role = 'user' WHERE email = $1`, user.email);
  await clickButton(page, 'Act as this user');
  const bar = impersonationBar(page);
  await expect(bar).toBeVisible();
  await page.goto(`${origin}/account/`);
  await expect(bar).toBeVisible();
  const space = await page.evaluate(() => Number.parseFloat(getComputedStyle(document.body).paddingBlockEnd));
  expect((await bar.boundingBox())?.height, 'height of the bar').toBeLessThanOrEqual(space);
  await expectNoOverflow(page);
  await checkPageState(page, 'impersonating-long');
});

test('without an answer, the pages of the mail and of the second step say so', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
  guard,
}) => {
  const { origin, mails } = await startFeatureServer();
  await registerWithApp(context, person, origin);
  await failRequests(page, guard, linkPath);
  await page.goto(`${origin}/login/mail/`);
  await formFields(page).email.fill(person.email);
  await clickButton(page, 'Mail me a link');
  await expect(errorMessage(page)).toContainText('We cannot reach the server.');
  await checkPageState(page, 'mail-offline');
  await stopChangingAnswers(page, linkPath);
  await askForMail(page, `${'a-very-long-email-without-a-break'.repeat(2).slice(0, 64)}@example.com`, 'Mail me a code');
  await expect(codeField(page)).toBeVisible();
  await expectNoOverflow(page);
  await checkPageState(page, 'mail-code-long');

  await signInToOpenDocs(page, origin, person);
  await failRequests(page, guard, '/api/auth/two-factor/verify-totp');
  await submitAppCode(page, '123456');
  await expect(errorMessage(page)).toContainText('We cannot reach the server.');
  await checkPageState(page, 'app-offline');
  expect(mails.count('magic-link', person.email)).toBe(0);
});

test('a person whose second factor is the mailed code gets no other choice', async ({
  page,
  context,
  person,
  startFeatureServer,
  checkPageState,
}) => {
  const { origin, mails } = await startFeatureServer();
  await register(context, person, origin);
  const enabled = await context.request.post(`${origin}/api/auth/two-factor/enable`, {
    data: { password: person.password, method: 'otp' },
    headers: { origin },
  });
  expect(enabled.status(), await enabled.text()).toBe(200);
  await context.clearCookies();
  await signInToOpenDocs(page, origin, person);
  await expect(page).toHaveURL(`${origin}/two-factor/?next=%2Fdocs%2F&methods=otp`);
  await expect(page.getByRole('button', { name: /^Use a / })).toHaveCount(0);
  await checkPageState(page, 'mail-only');
  await clickButton(page, 'Send the code');
  await submitSecondStepMail(page, await mails.waitForToken('two-factor-otp', person.email));
  await expect(page).toHaveURL(`${origin}/docs/`);
});

test('a link without its token leads to a new one, and an account without a password cannot set up an app', async ({
  page,
  person,
  startFeatureServer,
  checkPageState,
}) => {
  const { origin, mails } = await startFeatureServer();
  await page.goto(`${origin}/magic-link/`);
  await expect(page.getByText('The link is not complete.')).toBeVisible();
  await checkPageState(page, 'incomplete');
  await page.getByRole('link', { name: 'Get a new link' }).click();
  await askForMail(page, person.email, 'Mail me a link');
  await page.goto(await mails.waitForLink('magic-link', person.email));
  await page.goto(`${origin}/account/#two-step`);
  await expect(page.getByText('It protects the sign-in with a password, and this account has none.')).toBeVisible();
  await checkPageState(page, 'two-step-without-password');
});
