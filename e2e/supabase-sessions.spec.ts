import type { BrowserContext } from '@playwright/test';
import { nextCodeOf } from './harness/authenticator';
import { clickButton, waitUntilSignedIn } from './harness/forms';
import { getSessionEmail, registerElsewhere } from './harness/people';
import { appCodeField, registerWithApp } from './harness/second-factor';
import { makeStockSite, type StockSite } from './harness/stock-site';
import { bridgeSettings, ref, storageKey, storedNames } from './harness/supabase';
import { makeOldSite, type OldSite } from './harness/supabase-stand-in';
import { expect, test } from './harness/test';

// People who are signed in at Supabase open the site after the move. The real packages of Supabase have stored their
// sessions; docs/supabase-sessions.md lists the forms.
test.describe.configure({ mode: 'serial' });

const apiPath = '/api/auth/sign-in/supabase';

let stock: StockSite;
let oldSite: OldSite;
let siteArgs: readonly string[];
test.beforeAll(() => {
  test.setTimeout(400_000);
  oldSite = makeOldSite();
  stock = makeStockSite('supabase-sessions');
  const site = stock.build('/', { theme: { supabase: { ref }, twoFactor: true } });
  siteArgs = ['--site', site, '--csp', 'docusaurus'];
});
test.afterAll(() => stock?.remove());

/** Counts the requests with tokens of Supabase that the pages of a browser send from now on. */
function countRequests(context: BrowserContext): () => number {
  let count = 0;
  context.on('request', (request) => {
    if (new URL(request.url()).pathname === apiPath) count++;
  });
  return () => count;
}

test('people are signed in at the first page, in whatever form Supabase has stored their session', {
  tag: '@once',
}, async ({ openAnotherContext, startServer }) => {
  const { origin } = await startServer(bridgeSettings, siteArgs);
  for (const [form, names] of [
    ['supabase-js', [storageKey]],
    ['supabase-js-user-storage', [storageKey, `${storageKey}-user`]],
    ['supabase-js-1', ['supabase.auth.token']],
    ['ssr', [`${storageKey}.0`, `${storageKey}.1`]],
    ['ssr-raw', [`${storageKey}.0`, `${storageKey}.1`]],
  ] as const)
    await test.step(form, async () => {
      const context = await openAnotherContext();
      const person = await registerElsewhere(context, origin);
      const page = await context.newPage();
      await oldSite.signIn(page, origin, form, person);
      expect(await storedNames(page), 'what the package has stored').toEqual(expect.arrayContaining([...names]));
      const requests = countRequests(context);
      await page.goto(`${origin}/docs/members`);
      await waitUntilSignedIn(page);
      await expect(page.getByText('Welcome to the members.')).toBeVisible();
      expect(await getSessionEmail(context, origin)).toBe(person.email);
      expect(await storedNames(page), 'stored names of the session of Supabase').toEqual([]);
      await page.reload();
      await waitUntilSignedIn(page);
      expect(requests(), 'requests with tokens of Supabase').toBe(1);
    });
});

test('of two tabs that open at the same time, one sends the tokens, and both are signed in', {
  tag: '@once',
}, async ({ page, context, startServer }) => {
  const { origin } = await startServer(bridgeSettings, siteArgs);
  await oldSite.signIn(page, origin, 'supabase-js', await registerElsewhere(context, origin));
  const other = await context.newPage();
  const requests = countRequests(context);
  await Promise.all([page.goto(origin), other.goto(origin)]);
  for (const tab of [page, other]) await waitUntilSignedIn(tab);
  expect(requests(), 'requests with tokens of Supabase').toBe(1);
});

test('a person with a second factor proves it, and returns to the page', { tag: '@once' }, async ({
  page,
  context,
  person,
  startServer,
  checkPageState,
}) => {
  const { origin } = await startServer(bridgeSettings, siteArgs);
  const { secret } = await registerWithApp(context, person, origin);
  await oldSite.signIn(page, origin, 'ssr', person);
  await page.goto(`${origin}/docs/members`);
  await expect(page.getByRole('heading', { name: 'Second step' })).toBeVisible();
  expect(await storedNames(page), 'stored names before the second factor').toContain(`${storageKey}.0`);
  await checkPageState(page, 'after-supabase');

  await test.step('a person who cannot prove it now can read the pages', async () => {
    await page.goBack();
    await expect(page).toHaveURL(`${origin}/docs/members`);
    await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
    await page.goForward();
  });

  await appCodeField(page).fill(nextCodeOf(secret));
  await clickButton(page, 'Continue');
  await expect(page).toHaveURL(`${origin}/docs/members`);
  await expect(page.getByText('Welcome to the members.')).toBeVisible();

  await test.step('the next tab deletes the tokens', async () => {
    const tab = await context.newPage();
    await tab.goto(origin);
    await waitUntilSignedIn(tab);
    expect(await storedNames(tab)).toEqual([]);
    expect(await getSessionEmail(context, origin)).toBe(person.email);
  });
});

test('while the server does not accept sessions of Supabase, the tokens stay', { tag: '@once' }, async ({
  page,
  context,
  guard,
  startServer,
}) => {
  const { origin } = await startServer({ ...bridgeSettings, SUPABASE_BRIDGE: 'off' }, siteArgs);
  await oldSite.signIn(page, origin, 'supabase-js', await registerElsewhere(context, origin));
  guard.allow(404, apiPath);
  await page.goto(`${origin}/docs/members`);
  await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
  expect(await storedNames(page)).toEqual([storageKey]);
});
