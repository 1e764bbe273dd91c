import { createDatabase, type TestDatabase } from './database';
import { makePlainSite, type PlainSite } from './plain-site';
import { bridgeSettings } from './supabase';
import { makeOldSite, type OldSite, projectURL } from './supabase-stand-in';
import { test as base, type StartedServer } from './test';

interface Fixtures {
  /** Starts a server with the site and the database of the worker. */
  readonly startSite: (settings?: Readonly<Record<string, string>>) => Promise<StartedServer>;
}

interface WorkerFixtures {
  readonly oldSite: OldSite;
  readonly site: PlainSite;
  /** Not that of the shared server, because some of these tests break it for a moment. */
  readonly database: TestDatabase;
}

/** Tests of the script for sites without a bundler. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  oldSite: [async ({}, use) => use(makeOldSite()), { scope: 'worker' }],
  site: [
    async ({ oldSite }, use) => {
      const site = makePlainSite(oldSite.script, projectURL);
      await use(site);
      site.remove();
    },
    { scope: 'worker' },
  ],
  database: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
    async ({}, use) => {
      const database = await createDatabase();
      await use(database);
      await database.drop();
    },
    { scope: 'worker' },
  ],
  startSite: async ({ startServer, site, database }, use) =>
    use((settings = {}) =>
      startServer({ ...bridgeSettings, DATABASE_URL: database.url, ...settings }, ['--site', site.dir]),
    ),
});
