import { randomUUID } from 'node:crypto';
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import { newProblemGuard, type ProblemGuard } from './guard';
import { type Mails, openOutbox } from './mails';
import { sharedServer } from './setup';
import { checkState } from './states';
import { type StartOptions, startXenon, type Xenon } from './xenon';

export { expect } from '@playwright/test';
export { checkWithAxe } from './states';

/** The data of a registration. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

/** A server that a test has started. */
export type StartedServer = Xenon & { readonly mails: Mails };

interface Fixtures {
  /** Collects problems that a person does not see. Every test with a page fails at its end if there are any. */
  readonly guard: ProblemGuard;
  /** The outbox of the shared server. */
  readonly mails: Mails;
  /** A person who has not registered yet. */
  readonly person: Person;
  /** Checks a state of a page with axe and counts it. With SCREENSHOTS=1 it also saves a screenshot. */
  readonly checkPageState: (page: Page, name: string) => Promise<void>;
  /** Creates another browser context, without the cookies of the first. */
  readonly openAnotherContext: () => Promise<BrowserContext>;
  /** Starts a server with other settings on the same database. It ends with the test. */
  readonly startServer: (
    env: Readonly<Record<string, string>>,
    args?: readonly string[],
    cwd?: string,
  ) => Promise<StartedServer>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  baseURL: async ({}, use) => use(sharedServer().origin),
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  guard: async ({}, use) => {
    const guard = newProblemGuard();
    await use(guard);
    expect(guard.take(), 'console errors, uncaught errors and failed requests of the pages').toEqual([]);
  },
  // The dependency on `startServer` stops the servers after the context is closed, because an open page still sends
  // requests.
  context: async ({ startServer: _, context, guard }, use) => {
    guard.watch(context);
    await use(context);
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  mails: async ({}, use) => use(openOutbox(sharedServer().mailFile)),
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  person: async ({}, use) => use(newPerson()),
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  checkPageState: async ({}, use, info) => use((page, name) => checkState(page, name, info)),
  openAnotherContext: async (
    { browser, guard, contextOptions, viewport, colorScheme, baseURL, isMobile, hasTouch },
    use,
  ) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const options = { ...contextOptions, viewport, colorScheme, isMobile, hasTouch };
      const context = await browser.newContext({ ...options, ...(baseURL && { baseURL }) });
      guard.watch(context);
      contexts.push(context);
      return context;
    });
    for (const context of contexts) await context.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  startServer: async ({}, use) => {
    const started: Xenon[] = [];
    await use(async (env, args = [], cwd) => {
      const settings: StartOptions = {
        env: { DATABASE_URL: sharedServer().databaseURL, ...env },
        args,
        ...(cwd && { cwd }),
      };
      const xenon = await startXenon(settings);
      started.push(xenon);
      return { ...xenon, mails: openOutbox(xenon.mailFile) };
    });
    for (const xenon of started) await xenon.stop();
  },
});

/** A person with an email address that no other test uses. */
export function newPerson(): Person {
  const id = randomUUID().slice(0, 13);
  return { name: 'Ada Lovelace', email: `ada-${id}@example.com`, password: `notes on the engine ${id}` };
}

/** Registers a person through the API and signs the context in. For tests of anything but the registration. */
export async function register(context: BrowserContext, person: Person, origin = sharedServer().origin): Promise<void> {
  const answer = await context.request.post(`${origin}/api/auth/sign-up/email`, { data: person, headers: { origin } });
  expect(answer.status(), await answer.text()).toBe(200);
}
