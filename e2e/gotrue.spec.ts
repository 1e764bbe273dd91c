import type { BrowserContext } from '@playwright/test';
import { codeOf } from './harness/authenticator';
import { waitUntilSignedIn } from './harness/forms';
import { freePort } from './harness/freePort';
import type { SupabaseProject } from './harness/gotrue';
import { test } from './harness/move-test';
import { type RunningOldSite, serveOldSite } from './harness/old-site';
import { getSessionEmail } from './harness/people';
import { submitAppCode } from './harness/second-factor';
import { bridgeSettings, storedNames } from './harness/supabase';
import type { StoredForm } from './harness/supabase-clients';
import { expect, newPerson, type Person } from './harness/test';
import { measurementNote } from './harness/vitals';

// make gotrue-browser runs this test. It needs GoTrue, Supabase's auth server, so it is not part of make e2e.

const forms = ['supabase-js', 'supabase-js-user-storage', 'supabase-js-1', 'ssr', 'ssr-raw'] as const;

/** A browser in which a person has signed in at Supabase. */
interface Visitor {
  readonly context: BrowserContext;
  readonly person: Person;
  /** Of the authenticator app; undefined without a second factor. */
  readonly secret: string | undefined;
}

/** The old site, its Supabase project, and the function that opens a new browser. */
interface Before {
  readonly oldSite: RunningOldSite;
  readonly project: SupabaseProject;
  readonly openBrowser: () => Promise<BrowserContext>;
}

/** 50 browsers, ten of each form. Ten have proved a second factor, which version 1 of supabase-js cannot do. */
const plans = Array.from({ length: 50 }, (_, i) => {
  const form = forms[i % forms.length] ?? 'ssr';
  return { form, hasApp: i < 13 && form !== 'supabase-js-1' };
});

/** Calls an asynchronous function for all values, four at a time. */
async function mapInFours<T, R>(values: readonly T[], call: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < values.length; i += 4) results.push(...(await Promise.all(values.slice(i, i + 4).map(call))));
  return results;
}

/** Signs a person in at Supabase, in a browser. The page is closed; the browser keeps what a package has stored. */
async function signInAtSupabase(
  { oldSite }: Before,
  { context, person }: Pick<Visitor, 'context' | 'person'>,
  form: StoredForm,
  hasApp: boolean,
): Promise<Visitor> {
  const page = await context.newPage();
  const secret = hasApp ? await oldSite.signInWithNewApp(page, form, person) : undefined;
  if (!hasApp) await oldSite.signIn(page, form, person);
  expect(await storedNames(page), `what the package has stored (${form})`).not.toEqual([]);
  await page.close();
  return { context, person, secret };
}

/** Opens the site after the move, and types nothing. Reports whether the person is signed in, on the page itself. */
async function isSignedIn({ context, person }: Visitor, origin: string): Promise<boolean> {
  const page = await context.newPage();
  await page.goto(`${origin}/docs/`);
  await expect(page.locator('[data-account]').first()).toHaveAttribute('data-account', /^signed-(in|out)$/);
  const email = await getSessionEmail(context, origin);
  const isSame = email === person.email && page.url() === `${origin}/docs/`;
  if (isSame) expect(await storedNames(page), 'stored names of the session of Supabase').toEqual([]);
  await page.close();
  return isSame;
}

/** Opens the site and types the code that the site asks for. Returns the email of the person who is then signed in. */
async function proveSecondFactor({ context, secret = '' }: Visitor, origin: string): Promise<string> {
  const page = await context.newPage();
  await page.goto(`${origin}/docs/`);
  await expect(page.getByRole('heading', { name: 'Second step' })).toBeVisible();
  expect(await getSessionEmail(context, origin), 'the email before the code').toBe('');
  await submitAppCode(page, codeOf(secret));
  await expect(page).toHaveURL(`${origin}/docs/`);
  await waitUntilSignedIn(page);
  await page.close();
  return getSessionEmail(context, origin);
}

/** Signs in with the password and then with the code of the app. Reports whether the app was asked for and works. */
async function isAppAccepted({ context, person, secret = '' }: Visitor, origin: string): Promise<boolean> {
  await context.clearCookies();
  const post = (path: string, data: object) =>
    context.request.post(`${origin}/api/auth/${path}`, { data, headers: { origin } });
  const { email, password } = person;
  const first = (await (await post('sign-in/email', { email, password })).json()) as { twoFactorRedirect?: boolean };
  const second = await post('two-factor/verify-totp', { code: codeOf(secret) });
  return first.twoFactorRedirect === true && second.ok() && (await getSessionEmail(context, origin)) === email;
}

/** Registers a person at Supabase. */
async function registerInBrowser({ project, openBrowser }: Before): Promise<Pick<Visitor, 'context' | 'person'>> {
  const browser = { context: await openBrowser(), person: newPerson() };
  await project.register(browser.person);
  return browser;
}

/** A person proves the second factor in another browser, and signs in here with the password alone. */
async function signInWithoutProof(before: Before, form: StoredForm): Promise<Visitor> {
  const { person, context } = await registerInBrowser(before);
  const { secret } = await signInAtSupabase(before, { person, context: await before.openBrowser() }, 'ssr', true);
  return { ...(await signInAtSupabase(before, { person, context }, form, false)), secret };
}

test('100 browsers that Supabase has signed in are signed in after the move, without typing anything', async ({
  openAnotherContext,
  startServer,
  project,
  target,
  site,
}, info) => {
  test.setTimeout(3_600_000);
  const note = (text: string) => info.annotations.push(measurementNote(text));
  const port = await freePort();
  const oldSite = await serveOldSite(port, project.url);
  const before: Before = { oldSite, project, openBrowser: openAnotherContext };
  const visitors: Visitor[] = [];
  const withoutProof: Visitor[] = [];
  for (const tokenVersion of [1, 2] as const)
    await test.step(`Supabase issues refresh tokens of version ${tokenVersion}; the import makes a pass`, async () => {
      await project.start(tokenVersion);
      const signIn = async ({ form, hasApp }: (typeof plans)[number]) =>
        signInAtSupabase(before, await registerInBrowser(before), form, hasApp);
      visitors.push(...(await mapInFours(plans, signIn)));
      withoutProof.push(...(await mapInFours(forms, (form) => signInWithoutProof(before, form))));
      await project.stop();
      const { state, pass, sessions } = target.importFrom(project.databaseURL);
      expect(state, 'state of the import').toBe('complete');
      const version2 = await project.countVersion2Sessions();
      expect(version2, 'sessions with tokens of version 2').toBe(tokenVersion === 1 ? 0 : sessions.read / 2);
      note(`pass ${pass}: ${sessions.bridged} of ${sessions.read} sessions imported, ${version2} of version 2`);
    });
  expect(target.equals(project.databaseURL), 'xenon migrate verify finds source and target equal').toBe(true);

  await oldSite.stop();
  const settings = { ...bridgeSettings, DATABASE_URL: target.url };
  const { origin } = await startServer(settings, ['--addr', `localhost:${port}`], site);

  await test.step('the 100 browsers open the site', async () => {
    const results = await mapInFours(visitors, (visitor) => isSignedIn(visitor, origin));
    const count = results.filter(Boolean).length;
    note(`${count} of ${visitors.length} browsers are signed in without typing anything`);
    expect(visitors, 'browsers').toHaveLength(100);
    expect(count, 'browsers that are signed in').toBe(100);
    expect(target.countUsedSessions(), 'sessions of Supabase that were used').toBe(100);
  });

  await test.step('a browser that has not proved the second factor is asked for it', async () => {
    for (const visitor of withoutProof) expect(await proveSecondFactor(visitor, origin)).toBe(visitor.person.email);
    note(`${withoutProof.length} more browsers, which had not proved the second factor, are asked for its code`);
  });

  await test.step('the apps work at the next sign-in', async () => {
    const withApp = visitors.filter(({ secret }) => secret);
    expect(withApp, 'browsers that have proved a second factor').toHaveLength(20);
    const results = await mapInFours(withApp, (visitor) => isAppAccepted(visitor, origin));
    note(`${results.filter(Boolean).length} of ${withApp.length} apps work at the next sign-in with the password`);
    expect(results.filter(Boolean), 'apps that work').toHaveLength(20);
  });
});
