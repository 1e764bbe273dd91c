import { randomUUID } from 'node:crypto';
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import { type Guard, newGuard } from './guard';
import { type Mails, outbox } from './mails';
import { shared } from './setup';
import { state } from './states';
import { type Settings, startXenon, type Xenon } from './xenon';

export { expect } from '@playwright/test';
export { axe } from './states';

/** Somebody to register. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

interface Fixtures {
  /** Looks at what nobody sees; ends every test that opens a page. */
  readonly guard: Guard;
  /** The outbox of the server that all tests share. */
  readonly mails: Mails;
  /** Somebody whom the server does not know yet. */
  readonly person: Person;
  /** Declares the state that a page is in: a look by axe, a picture, a count. */
  readonly state: (page: Page, name: string) => Promise<void>;
  /** Another browser, of the same or of another person, that knows nothing of the first. */
  readonly another: () => Promise<BrowserContext>;
  /** A server with other settings on the same database; it ends with the test. */
  readonly start: (
    env: Readonly<Record<string, string>>,
    args?: readonly string[],
    cwd?: string,
  ) => Promise<Xenon & { readonly mails: Mails }>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names
  baseURL: async ({}, use) => use(shared().origin),
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names
  guard: async ({}, use) => {
    const guard = newGuard();
    await use(guard);
    expect(guard.take(), 'what went wrong behind the page').toEqual([]);
  },
  // Servers are named first, so that they end last: a page fetches ahead as long as it is open.
  context: async ({ start: _, context, guard }, use) => {
    guard.watch(context);
    await use(context);
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names
  mails: async ({}, use) => use(outbox(shared().mailFile)),
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names
  person: async ({}, use) => use(newPerson()),
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names
  state: async ({}, use, info) => use((page, name) => state(page, name, info)),
  another: async ({ browser, guard, contextOptions, viewport, colorScheme, baseURL, isMobile, hasTouch }, use) => {
    const made: BrowserContext[] = [];
    await use(async () => {
      const options = { ...contextOptions, viewport, colorScheme, isMobile, hasTouch };
      const context = await browser.newContext({ ...options, ...(baseURL && { baseURL }) });
      guard.watch(context);
      made.push(context);
      return context;
    });
    for (const context of made) await context.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names
  start: async ({}, use) => {
    const started: Xenon[] = [];
    await use(async (env, args = [], cwd) => {
      const settings: Settings = { env: { DATABASE_URL: shared().databaseURL, ...env }, args, ...(cwd && { cwd }) };
      const xenon = await startXenon(settings);
      started.push(xenon);
      return { ...xenon, mails: outbox(xenon.mailFile) };
    });
    for (const xenon of started) await xenon.stop();
  },
});

/** Somebody with an address that no other test has. */
export function newPerson(): Person {
  const id = randomUUID().slice(0, 13);
  return { name: 'Ada Lovelace', email: `ada-${id}@example.com`, password: `notes on the engine ${id}` };
}

/** Registers somebody through the API, whom the context then has signed in. For tests that are about something else. */
export async function register(context: BrowserContext, person: Person, origin = shared().origin): Promise<void> {
  const answer = await context.request.post(`${origin}/api/auth/sign-up/email`, { data: person, headers: { origin } });
  expect(answer.status(), await answer.text()).toBe(200);
}
