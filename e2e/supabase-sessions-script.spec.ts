import { getSessionEmail, registerElsewhere } from './harness/people';
import { statusOf } from './harness/plain-site';
import { test } from './harness/plain-site-test';
import { registerWithApp } from './harness/second-factor';
import { callOf, expireAccessToken, storageKey, storedNames } from './harness/supabase';
import { projectURL } from './harness/supabase-stand-in';
import { expect } from './harness/test';

// The script for sites without a bundler. The real packages of Supabase have stored the sessions. A violation of the
// Content-Security-Policy fails the test.

test('the script signs in under a policy that forbids inline scripts', { tag: '@once' }, async ({
  openAnotherContext,
  startSite,
  oldSite,
  database,
  checkPageState,
}) => {
  const { origin } = await startSite();
  for (const form of ['supabase-js-1', 'ssr'] as const)
    await test.step(form, async () => {
      const context = await openAnotherContext();
      const page = await context.newPage();
      const person = await registerElsewhere(context, origin);
      await oldSite.signIn(page, origin, form, person, { databaseURL: database.url });
      const response = await page.goto(origin);
      expect(response?.headers()['content-security-policy']).toContain("script-src 'self'");
      await expect(statusOf(page)).toHaveText('signed-in');
      await checkPageState(page, `plain-site-${form}`);
      expect(await getSessionEmail(context, origin)).toBe(person.email);
      expect(await storedNames(page)).toEqual([]);
    });
});

test('the script opens the page for the second factor, and keeps the tokens', { tag: '@once' }, async ({
  page,
  context,
  person,
  startSite,
  oldSite,
  database,
  checkPageState,
}) => {
  const { origin } = await startSite();
  await registerWithApp(context, person, origin);
  await oldSite.signIn(page, origin, 'supabase-js', person, { databaseURL: database.url });
  await page.goto(origin);
  await expect(page).toHaveURL(`${origin}/second-factor.html`);
  await expect(statusOf(page)).toHaveText('not-now');
  await checkPageState(page, 'plain-site');
  expect(await storedNames(page)).toContain(storageKey);
  expect(await getSessionEmail(context, origin)).toBe('');
});

// A client of Supabase deletes a session whose access token has expired if Supabase refuses the refresh token.
test('the script runs before a client of Supabase can delete the tokens', { tag: '@once' }, async ({
  openAnotherContext,
  startSite,
  oldSite,
  database,
  guard,
}) => {
  const { origin } = await startSite();
  const context = await openAnotherContext();
  const page = await context.newPage();
  const person = await registerElsewhere(context, origin);
  await oldSite.signIn(page, origin, 'supabase-js', person, { databaseURL: database.url });
  await expireAccessToken(page);
  await page.goto(`${origin}/with-client.html`);
  await expect(statusOf(page)).toHaveText('signed-in, the client has no session');
  expect(await getSessionEmail(context, origin)).toBe(person.email);

  await test.step('without the script the client deletes them', async () => {
    const other = await (await openAnotherContext()).newPage();
    await oldSite.signIn(other, origin, 'supabase-js', person, { databaseURL: database.url });
    await expireAccessToken(other);
    guard.allow(400, '/auth/v1/token');
    await other.route(`${projectURL}/auth/v1/token?grant_type=refresh_token`, (route) =>
      route.fulfill({
        status: 400,
        json: { code: 'refresh_token_already_used', message: 'Invalid Refresh Token: Already Used' },
        headers: { 'access-control-allow-origin': '*' },
      }),
    );
    expect(await storedNames(other)).toEqual([storageKey]);
    await oldSite.open(other, origin);
    expect(await other.evaluate(callOf('hasSession', projectURL)), 'the client has a session').toBe(false);
    expect(await storedNames(other)).toEqual([]);
  });
});
