import type { Page } from '@playwright/test';
import { executeSQL } from './harness/database';
import { allFeatures, buildFeatureSite } from './harness/feature-site';
import { errorMessage, formFields, submitSignIn } from './harness/forms';
import { askForMail, codeField } from './harness/passwordless';
import { registerWithApp } from './harness/second-factor';
import { expect, newPerson, register, test } from './harness/test';

// States of the pages of the plugins that a person meets seldom: loading, empty, no answer, long texts.

let site: string;
test.beforeAll(async () => {
  test.setTimeout(420_000); // the first worker builds the site
  site = await buildFeatureSite();
});

const listPath = '/api/auth/admin/list-users';
const makeAdministrator = (email: string) => executeSQL(`UPDATE "user" SET role = 'admin' WHERE email = $1`, email);
const press = (page: Page, name: string) => page.getByRole('main').getByRole('button', { name, exact: true }).click();

/** Holds all answers to a path back until the returned function is called. */
async function holdAnswers(page: Page, path: string): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((done) => {
    release = done;
  });
  await page.route(`**${path}*`, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** The page is not wider than the window. */
async function expectNoOverflow(page: Page): Promise<void> {
  const [content, visible] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  expect(content, 'width of the page').toBeLessThanOrEqual(visible ?? 0);
}

test('the list of users shows that it loads, and what to do without an answer', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  await register(context, person, origin);
  await makeAdministrator(person.email);
  const release = await holdAnswers(page, listPath);
  await page.goto(`${origin}/admin/`);
  await expect(page.getByRole('status', { name: 'Loading' })).toBeVisible();
  await checkPageState(page, 'list-loading');
  release();
  await expect(page.getByRole('main').getByRole('listitem').first()).toBeVisible();
  await page.unroute(`**${listPath}*`);

  await page.route(`**${listPath}*`, (route) => route.fulfill({ status: 503 }));
  guard.allow(503, listPath);
  await page.getByLabel('Order').selectOption('Oldest first');
  await expect(errorMessage(page)).toContainText('The server is busy or starting.');
  await checkPageState(page, 'list-failed');
  await page.unroute(`**${listPath}*`);
  await press(page, 'Try again');
  await expect(page.getByRole('main').getByRole('listitem').first()).toBeVisible();
});

test('a page after the last has no users, and the button leads to the last one', async ({
  page,
  context,
  person,
  startServer,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  await register(context, person, origin);
  await makeAdministrator(person.email);
  await page.goto(`${origin}/admin/?q=${encodeURIComponent(person.email)}&page=9`);
  await expect(page.getByText('Page 9 of 1')).toBeVisible();
  await press(page, 'Previous');
  await expect(page.getByRole('main').getByRole('listitem')).toContainText(person.email);
});

test('the page of a user shows its own account, an unknown user, and a failure of the sessions', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  await register(context, person, origin);
  await makeAdministrator(person.email);
  await page.goto(`${origin}/admin/?q=${encodeURIComponent(person.email)}`);
  await page.getByRole('main').getByRole('link', { name: person.name }).click();
  await expect(page.getByText('This is your own account.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Ban', exact: true })).toHaveCount(0);
  await checkPageState(page, 'user-self');

  const sessionsPath = '/api/auth/admin/list-user-sessions';
  await page.route(`**${sessionsPath}`, (route) => route.fulfill({ status: 503 }));
  guard.allow(503, sessionsPath);
  await page.reload();
  await expect(errorMessage(page)).toContainText('The server is busy or starting.');
  await checkPageState(page, 'user-sessions-failed');
  await page.unroute(`**${sessionsPath}`);
  await press(page, 'Try again');
  await expect(page.getByText('This device')).toBeVisible();

  guard.allow(404, '/api/auth/admin/get-user');
  await page.goto(`${origin}/admin/?user=11111111-1111-4111-8111-111111111111`);
  await expect(errorMessage(page)).toBeVisible();
  await checkPageState(page, 'user-unknown');
});

test('long names and emails fit into the list, the page of a user and the bar', async ({
  page,
  context,
  person,
  openAnotherContext,
  startServer,
  checkPageState,
}) => {
  const { origin } = await startServer(allFeatures, [], site);
  const local = `a-very-long-email-that-has-no-place-to-break-${person.email.slice(4, 12)}`.padEnd(64, 'x');
  const user = { ...newPerson(), name: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(3), email: `${local}@example.com` };
  await register(await openAnotherContext(), user, origin);
  await register(context, person, origin);
  await makeAdministrator(person.email);
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
  await expect(page.getByRole('region', { name: 'Role' })).toBeVisible();
  await expectNoOverflow(page);
  await checkPageState(page, 'user-long');
  await executeSQL(`UPDATE "user" SET banned = false, role = 'user' WHERE email = $1`, user.email);
  await press(page, 'Act as this user');
  await expect(page.getByRole('complementary', { name: 'Acting as a user' })).toBeVisible();
  await page.goto(`${origin}/account/`);
  const bar = page.getByRole('complementary', { name: 'Acting as a user' });
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
  startServer,
  checkPageState,
  guard,
}) => {
  const { origin, mails } = await startServer(allFeatures, [], site);
  await registerWithApp(context, person, origin);
  guard.allow('failed', '/api/auth/sign-in/magic-link');
  await page.route('**/api/auth/sign-in/magic-link', (route) => route.abort());
  await page.goto(`${origin}/login/mail/`);
  await formFields(page).email.fill(person.email);
  await press(page, 'Mail me a link');
  await expect(errorMessage(page)).toContainText('We cannot reach the server.');
  await checkPageState(page, 'mail-offline');
  await page.unroute('**/api/auth/sign-in/magic-link');
  await askForMail(page, `${'a-very-long-email-without-a-break'.repeat(2).slice(0, 64)}@example.com`, 'Mail me a code');
  await expect(codeField(page)).toBeVisible();
  await expectNoOverflow(page);
  await checkPageState(page, 'mail-code-long');

  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  guard.allow('failed', '/api/auth/two-factor/verify-totp');
  await page.route('**/api/auth/two-factor/verify-totp', (route) => route.abort());
  await page.getByLabel('Code of your authenticator app').fill('123456');
  await press(page, 'Continue');
  await expect(errorMessage(page)).toContainText('We cannot reach the server.');
  await checkPageState(page, 'app-offline');
  expect(mails.count('magic-link', person.email)).toBe(0);
});

test('a person whose second factor is the mailed code gets no other choice', async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
}) => {
  const { origin, mails } = await startServer(allFeatures, [], site);
  await register(context, person, origin);
  const enabled = await context.request.post(`${origin}/api/auth/two-factor/enable`, {
    data: { password: person.password, method: 'otp' },
    headers: { origin },
  });
  expect(enabled.status(), await enabled.text()).toBe(200);
  await context.clearCookies();
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  await expect(page).toHaveURL(`${origin}/two-factor/?next=%2Fdocs%2F&methods=otp`);
  await expect(page.getByRole('button', { name: /^Use a / })).toHaveCount(0);
  await checkPageState(page, 'mail-only');
  await press(page, 'Send the code');
  await page.getByLabel('Code we have mailed you').fill(await mails.waitForToken('two-factor-otp', person.email));
  await press(page, 'Continue');
  await expect(page).toHaveURL(`${origin}/docs/`);
});

test('a link without its token leads to a new one, and an account without a password cannot set up an app', async ({
  page,
  person,
  startServer,
  checkPageState,
}) => {
  const { origin, mails } = await startServer(allFeatures, [], site);
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
