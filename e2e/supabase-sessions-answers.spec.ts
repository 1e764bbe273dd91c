import type { Page } from '@playwright/test';
import { executeSQLIn } from './harness/database';
import { getSessionEmail, registerElsewhere } from './harness/people';
import { statusOf } from './harness/plain-site';
import { test } from './harness/plain-site-test';
import { storageKey, storedNames } from './harness/supabase';
import type { StoreOptions } from './harness/supabase-stand-in';
import { expect } from './harness/test';

// After which answers of the server a page deletes the tokens of Supabase, and after which it keeps them.

const apiPath = '/api/auth/sign-in/supabase';

interface Refusal {
  readonly of: string;
  readonly status: 401 | 403;
  readonly options?: StoreOptions;
  readonly prepare?: (databaseURL: string, email: string) => Promise<void>;
}

const refusals: readonly Refusal[] = [
  { of: 'a session that the import has not copied', status: 401, options: { isImported: false } },
  {
    of: 'a session of a banned user',
    status: 403,
    prepare: (databaseURL, email) =>
      executeSQLIn(databaseURL, 'UPDATE "user" SET banned = true WHERE email = $1', email),
  },
];

for (const { of, status, options, prepare } of refusals)
  test(`the tokens of ${of} are deleted after ${status}`, { tag: '@once' }, async ({
    page,
    context,
    startSite,
    oldSite,
    database,
    guard,
    checkPageState,
  }) => {
    const { origin } = await startSite();
    const person = await registerElsewhere(context, origin);
    await oldSite.signIn(page, origin, 'ssr', person, { databaseURL: database.url, ...options });
    await prepare?.(database.url, person.email);
    expect(await storedNames(page)).not.toEqual([]);
    guard.allow(status, apiPath);
    await page.goto(origin);
    await expect(statusOf(page)).toHaveText('refused');
    await checkPageState(page, `plain-site-${status}`);
    expect(await storedNames(page)).toEqual([]);
    expect(await getSessionEmail(context, origin)).toBe('');
  });

interface Failure {
  readonly after: 429 | 500 | 'failed';
  readonly settings?: Readonly<Record<string, string>>;
  readonly begin: (page: Page, origin: string, databaseURL: string) => Promise<void>;
  /** Undefined if the failure ends by itself. */
  readonly end?: (page: Page, databaseURL: string) => Promise<void>;
}

const failures: readonly Failure[] = [
  {
    after: 429,
    settings: { RATE_LIMIT: 'on', RATE_LIMIT_RULES: JSON.stringify({ '/sign-in/supabase': { window: 20, max: 1 } }) },
    begin: async (page, origin) => {
      const answer = await page.request.post(origin + apiPath, { data: { refreshToken: 'x' }, headers: { origin } });
      expect(answer.status(), 'the first request, with a token that is none').toBe(401);
    },
  },
  {
    after: 500,
    begin: (_page, _origin, databaseURL) =>
      executeSQLIn(databaseURL, 'ALTER TABLE "supabaseSession" RENAME TO "supabaseSessionAway"'),
    end: (_, databaseURL) => executeSQLIn(databaseURL, 'ALTER TABLE "supabaseSessionAway" RENAME TO "supabaseSession"'),
  },
  {
    after: 'failed',
    begin: async (page) => {
      await page.route(`**${apiPath}`, (route) => route.abort('internetdisconnected'));
    },
    end: (page) => page.unrouteAll(),
  },
];

for (const { after, settings, begin, end } of failures)
  test(`the tokens stay after ${after === 'failed' ? 'no answer' : after}, and the next page signs in`, {
    tag: '@once',
  }, async ({ page, context, startSite, oldSite, database, guard, checkPageState }) => {
    const { origin } = await startSite(settings);
    const person = await registerElsewhere(context, origin);
    await oldSite.signIn(page, origin, 'supabase-js', person, { databaseURL: database.url });
    await begin(page, origin, database.url);
    guard.allow(after, apiPath);
    await page.goto(origin);
    await expect(statusOf(page)).toHaveText('not-now');
    await checkPageState(page, `plain-site-${after}`);
    expect(await storedNames(page)).toEqual([storageKey]);
    expect(await getSessionEmail(context, origin)).toBe('');
    await end?.(page, database.url);
    await expect(async () => {
      await page.reload();
      await expect(statusOf(page)).not.toBeEmpty();
      expect(await statusOf(page).textContent()).toBe('signed-in');
    }).toPass();
    expect(await storedNames(page)).toEqual([]);
    expect(await getSessionEmail(context, origin)).toBe(person.email);
  });
