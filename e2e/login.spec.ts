import {
  errorMessage,
  formFields,
  randomIP,
  submitSignIn,
  waitForMissingProfile,
  waitUntilSignedIn,
  waitUntilSignedOut,
} from './harness/forms';
import { expect, newPerson, register, test } from './harness/test';

const signInPath = '/api/auth/sign-in/email';
const getSessionPath = '/api/auth/get-session';

test('R60: a wrong password and an unknown email address show the same message', async ({
  page,
  openAnotherContext,
  person,
  guard,
  checkPageState,
}) => {
  await register(await openAnotherContext(), person);
  await page.goto('/login/?next=/docs/');
  await waitUntilSignedOut(page);
  await checkPageState(page, 'empty');
  for (const email of [person.email, `unknown-${person.email}`]) {
    guard.allow(401, signInPath);
    await submitSignIn(page, { email, password: 'not the password' });
    await expect(errorMessage(page)).toHaveText('Wrong e-mail address or password.');
    await expect(errorMessage(page)).toBeFocused();
    await expect(formFields(page).email).toHaveValue(email);
    await expect(formFields(page).password).toHaveValue('');
    expect(guard.take()).toEqual([]);
  }
  await checkPageState(page, 'wrong-password');
  await submitSignIn(page, person);
  await expect(page).toHaveURL('/docs/');
});

test('after a sign-in the browser returns to the previous page, and the form is not in the history', async ({
  page,
  openAnotherContext,
  person,
}) => {
  await register(await openAnotherContext(), person);
  await page.goto('/docs/security/');
  await page.locator('[data-account="signed-out"]').getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/login/?next=%2Fdocs%2Fsecurity%2F');
  await submitSignIn(page, person);
  await expect(page).toHaveURL('/docs/security/');
  await page.goBack();
  await expect(page).toHaveURL('/docs/security/');
});

for (const next of [
  '//evil.example/',
  '/\\evil.example',
  'https://evil.example/',
  'javascript:alert(1)',
  '/login/',
  '/api/auth/sign-out',
]) {
  test(`R31: the form does not redirect to ${next}`, { tag: '@once' }, async ({ page, context, person, guard }) => {
    await register(context, person);
    const arrived = waitForMissingProfile(page, guard);
    await page.goto(`/login/?next=${encodeURIComponent(next)}`);
    await arrived;
    await expect(page).toHaveURL('/profile/');
  });
}

test('the link to register keeps the page to return to', { tag: '@once' }, async ({ page }) => {
  await page.goto('/login/?next=/docs/');
  await page.getByRole('link', { name: 'Register' }).click();
  await expect(page).toHaveURL('/register/?next=%2Fdocs%2F');
});

test('a person who is signed in is redirected', { tag: '@once' }, async ({ page, context, person }) => {
  await register(context, person);
  for (const form of ['/login/', '/register/']) {
    await page.goto(`${form}?next=/docs/`);
    await expect(page).toHaveURL('/docs/');
  }
});

test('without "keep me signed in" the cookie ends with the browser session', { tag: '@once' }, async ({
  page,
  openAnotherContext,
  context,
  person,
}) => {
  await register(await openAnotherContext(), person);
  const readSessionCookieExpiry = async () =>
    (await context.cookies()).find((cookie) => cookie.name.endsWith('session_token'))?.expires;
  await page.goto('/login/?next=/docs/');
  await page.getByLabel('Keep me signed in').uncheck();
  await submitSignIn(page, person);
  await expect(page).toHaveURL('/docs/');
  expect(await readSessionCookieExpiry()).toBe(-1);
  await context.clearCookies();
  await page.goto('/login/?next=/docs/');
  await submitSignIn(page, person);
  await expect(page).toHaveURL('/docs/');
  expect((await readSessionCookieExpiry()) ?? 0).toBeGreaterThan(Date.now() / 1000 + 6 * 24 * 3600);
});

test('R60: while the API is slow, the form sends one request and shows that it is busy', async ({
  page,
  openAnotherContext,
  person,
  checkPageState,
}) => {
  await register(await openAnotherContext(), person);
  const requests: string[] = [];
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  await page.route(/\/api\/auth\//, async (route) => {
    requests.push(new URL(route.request().url()).pathname);
    await released;
    await route.continue();
  });
  await page.goto('/login/?next=/docs/');
  await formFields(page).email.fill(person.email);
  await formFields(page).password.fill(person.password);
  await expect(page.locator('[data-account]').first()).toHaveAttribute('data-account', 'pending');
  const button = page.getByRole('main').getByRole('button', { name: 'Sign in' });
  await button.click();
  const busy = page.getByRole('button', { name: 'One moment …' });
  await expect(busy).toHaveAttribute('aria-busy', 'true');
  await expect(busy).toBeFocused();
  await checkPageState(page, 'submitting');
  await busy.click({ force: true });
  await formFields(page).password.press('Enter');
  expect(requests.filter((path) => path === signInPath)).toHaveLength(1);
  release();
  await expect(page).toHaveURL('/docs/');
  expect(requests.filter((path) => path === signInPath)).toHaveLength(1);
});

test('R60: offline and online again: the input is kept, and the session is requested once', async ({
  page,
  openAnotherContext,
  context,
  person,
  guard,
  checkPageState,
}) => {
  await register(await openAnotherContext(), person);
  await page.goto('/login/?next=/docs/');
  await waitUntilSignedOut(page);
  guard.allow('failed', signInPath);
  await context.setOffline(true);
  await submitSignIn(page, person);
  await expect(errorMessage(page)).toHaveText('We cannot reach the server. Nothing is lost: try again.');
  await expect(formFields(page).password).toHaveValue(person.password);
  await checkPageState(page, 'offline');
  let requests = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === getSessionPath) requests++;
  });
  await context.setOffline(false);
  await expect.poll(() => requests).toBe(1);
  await page.waitForLoadState('networkidle');
  expect(requests).toBe(1);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/docs/');
});

// Errors of API Gateway, CloudFront and Lambda, which `xenon dev` does not produce.
const failedSignInResponses: ReadonlyArray<readonly [string, number, Record<string, string>, string, string]> = [
  [
    'server-busy',
    503,
    {},
    '{"message":"Service Unavailable"}',
    'The server is busy or starting. Nothing is lost: try again.',
  ],
  [
    'gateway',
    502,
    {},
    '<html><h1>502 ERROR</h1></html>',
    'The server is busy or starting. Nothing is lost: try again.',
  ],
  [
    'server-error',
    500,
    { 'x-request-id': 'f3a1c5' },
    '',
    'Something went wrong. Please try again, or quote this number: f3a1c5',
  ],
  [
    'closed-account',
    403,
    {},
    '{"code":"BANNED_USER","message":"any text"}',
    'This account is closed. Please write to support if you think that is a mistake.',
  ],
];
for (const [name, status, headers, body, words] of failedSignInResponses) {
  test(`R60: the form shows why a sign-in fails: ${name}`, async ({ page, person, guard, checkPageState }) => {
    guard.allow(status, signInPath);
    await page.route(signInPath, (route) => route.fulfill({ status, headers, body }));
    await page.goto('/login/?next=/docs/');
    await submitSignIn(page, person);
    await expect(errorMessage(page)).toHaveText(words);
    await expect(formFields(page).password).toHaveValue(person.password);
    await checkPageState(page, name);
  });
}

test('R60: at a URL with another origin than the site’s, no user can sign in', async ({
  page,
  startServer,
  person,
  guard,
  checkPageState,
}) => {
  const xenon = await startServer({ BETTER_AUTH_URL: 'http://xenon.example' });
  guard.allow(403, signInPath);
  await page.goto(`${xenon.address}/login/`);
  await submitSignIn(page, person);
  await expect(errorMessage(page)).toHaveText('Signing in is not allowed at this URL. Open the site at its usual URL.');
  await checkPageState(page, 'wrong-origin');
});

test('R60: after too many tries a countdown runs, and then the form works again', async ({
  page,
  startServer,
  openAnotherContext,
  context,
  person,
  guard,
  checkPageState,
}) => {
  test.slow();
  await register(await openAnotherContext(), person);
  const xenon = await startServer({ RATE_LIMIT: 'on', CLIENT_IP: 'xff:0' });
  await context.setExtraHTTPHeaders({ 'X-Forwarded-For': randomIP() });
  await page.goto(`${xenon.origin}/login/?next=/docs/`);
  guard.allow(401, signInPath);
  guard.allow(429, signInPath);
  for (let tries = 1; tries <= 4; tries++) {
    await submitSignIn(page, { ...person, password: `guess ${tries}` });
    await expect(errorMessage(page)).toContainText(
      tries < 4 ? 'Wrong e-mail address or password.' : 'Too many tries. Please wait.',
    );
    if (tries < 4) await expect(formFields(page).password).toHaveValue('');
  }
  await expect(errorMessage(page)).toContainText(/You can try again in \d+ s\./);
  const waiting = page.getByRole('button', { name: /^Wait \d+ s$/ });
  await expect(waiting).toHaveAttribute('aria-disabled', 'true');
  await expect(page.getByText('You can try again now.')).toBeVisible({ timeout: 15_000 });
  await checkPageState(page, 'rate-limit-over');
  await submitSignIn(page, person);
  await expect(page).toHaveURL(`${xenon.origin}/docs/`);
});

test('with an hour to wait, the person can reset the password or sign in to another account', async ({
  page,
  startServer,
  openAnotherContext,
  context,
  person,
  guard,
  checkPageState,
}) => {
  test.slow();
  const other = newPerson();
  await register(await openAnotherContext(), person);
  await register(await openAnotherContext(), other);
  const { origin } = await startServer({ RATE_LIMIT: 'on', CLIENT_IP: 'xff:0' });
  const guesser = await openAnotherContext();
  for (let tries = 1; tries <= 20; tries++) {
    await guesser.request.post(`${origin}${signInPath}`, {
      data: { email: person.email, password: `guess ${tries}` },
      headers: { origin, 'X-Forwarded-For': randomIP() },
    });
  }
  await context.setExtraHTTPHeaders({ 'X-Forwarded-For': randomIP() });
  guard.allow(429, signInPath);
  await page.goto(`${origin}/login/?next=/docs/`);
  await submitSignIn(page, person);
  await expect(errorMessage(page)).toContainText(/You can try again in \d\d min\./);
  await expect(page.getByRole('button', { name: /^Wait \d\d min$/ })).toHaveAttribute('aria-disabled', 'true');
  await checkPageState(page, 'limited-for-an-hour');
  await errorMessage(page).getByRole('link', { name: 'Forgot your password?' }).click();
  await expect(page).toHaveURL(`${origin}/forgot-password/`);
  await page.goBack();
  await submitSignIn(page, person);
  await expect(errorMessage(page)).toContainText('Too many tries.');
  await submitSignIn(page, other);
  await expect(page).toHaveURL(`${origin}/docs/`);
});

test('R60: with blocked cookies there is a message and no redirect loop', { tag: '@once' }, async ({
  page,
  openAnotherContext,
  person,
  checkPageState,
}) => {
  test.slow();
  await register(await openAnotherContext(), person);
  // Simulates blocked cookies: the response arrives without its cookies.
  await page.route(signInPath, async (route) => {
    const { url, method, postData } = {
      url: route.request().url(),
      method: route.request().method(),
      postData: route.request().postData(),
    };
    const headers = { 'content-type': 'application/json', origin: new URL(url).origin };
    const answer = await fetch(url, { method, headers, ...(postData && { body: postData }) });
    await route.fulfill({ status: answer.status, contentType: 'application/json', body: await answer.text() });
  });
  await page.goto('/login/?next=/docs/');
  await submitSignIn(page, person);
  await expect(errorMessage(page)).toHaveText(
    'Your browser did not keep the sign-in. Allow cookies for this site and try again.',
    { timeout: 15_000 },
  );
  await expect(page).toHaveURL('/login/?next=/docs/');
  await checkPageState(page, 'cookies-blocked');
});

test('R60: the password can be shown, and caps lock is reported', async ({ page, guard, person, checkPageState }) => {
  await page.goto('/login/?next=/docs/');
  await waitUntilSignedOut(page);
  await formFields(page).password.fill('correct horse');
  const show = page.getByRole('button', { name: 'Show password' });
  await expect(show).toHaveAttribute('aria-pressed', 'false');
  await show.click();
  await expect(show).toHaveAttribute('aria-pressed', 'true');
  await expect(formFields(page).password).toHaveAttribute('type', 'text');
  await formFields(page).password.dispatchEvent('keydown', { key: 'A', modifierCapsLock: true });
  await expect(page.getByText('Caps lock is on.')).toBeVisible();
  await checkPageState(page, 'password-shown');
  guard.allow(401, signInPath);
  await formFields(page).email.fill(person.email);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await expect(errorMessage(page)).toBeVisible();
  await expect(formFields(page).password).toHaveAttribute('type', 'password');
});

test('R60: the form works with the keyboard alone', { tag: '@once' }, async ({ page, openAnotherContext, person }) => {
  await register(await openAnotherContext(), person);
  await page.goto('/login/?next=/docs/');
  await waitUntilSignedOut(page);
  const order: string[] = [];
  await formFields(page).email.focus();
  for (let i = 0; i < 7; i++) {
    order.push(
      await page.evaluate(() => {
        const it = document.activeElement;
        return (
          it?.getAttribute('aria-label') ??
          (it as HTMLInputElement | null)?.labels?.[0]?.textContent ??
          it?.textContent ??
          ''
        );
      }),
    );
    await page.keyboard.press('Tab');
  }
  expect(order).toEqual([
    'E-mail address',
    'Password',
    'Show password',
    'Keep me signed in',
    'Forgot your password?',
    'Sign in',
    'Register',
  ]);
  await formFields(page).email.focus();
  await page.keyboard.type(person.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(person.password);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/docs/');
});

test('password managers find the fields', { tag: '@once' }, async ({ page }) => {
  await page.goto('/login/?next=/docs/');
  const seen = await page
    .locator('main form input')
    .evaluateAll((all) =>
      all.map(
        (input) =>
          `${input.id} ${input.getAttribute('name')} ${input.getAttribute('type')} ${input.getAttribute('autocomplete')}`,
      ),
    );
  expect(seen).toEqual([
    'email email email username',
    'password password password current-password',
    ' rememberMe checkbox null',
  ]);
});

test('a page from the back/forward cache does not stay signed in', { tag: '@once' }, async ({
  page,
  context,
  person,
}) => {
  await register(context, person);
  await page.goto('/docs/');
  await waitUntilSignedIn(page);
  await page.goto('/');
  await context.clearCookies();
  await page.goBack();
  await waitUntilSignedOut(page);
});

for (const path of [
  '/login/',
  '/register/',
  '/forgot-password/',
  '/reset-password/',
  '/verify-email/',
  '/cancel-email-change/',
]) {
  test(`R60: ${path} fits a screen of 320 pixels`, { tag: '@once' }, async ({ page }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(path);
    await waitUntilSignedOut(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  });
}
