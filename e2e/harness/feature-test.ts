import { allFeatures, buildFeatureSite } from './feature-site';
import { test as base, type StartedServer } from './test';

interface Fixtures {
  /**
   * Starts a server with all plugins, and with the site that has their pages. `settings` changes allFeatures. The server
   * ends with the test.
   */
  readonly startFeatureServer: (settings?: Readonly<Record<string, string>>) => Promise<StartedServer>;
}

interface WorkerFixtures {
  /** The directory of the site. The first worker builds it. */
  readonly featureSite: string;
}

/** Tests of the pages of the plugins. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  featureSite: [async ({}, use) => use(await buildFeatureSite()), { scope: 'worker', timeout: 420_000 }],
  startFeatureServer: async ({ startServer, featureSite }, use) =>
    use((settings = {}) => startServer({ ...allFeatures, ...settings }, [], featureSite)),
});
