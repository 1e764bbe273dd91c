import { allFeatures, buildFeatureSite, buildTimeoutMs } from './feature-site';
import { test as base, type StartedServer } from './test';

interface Fixtures {
  /** Starts a server with all plugins and the site that has their pages. `settings` changes allFeatures. */
  readonly startFeatureServer: (settings?: Readonly<Record<string, string>>) => Promise<StartedServer>;
}

interface WorkerFixtures {
  /** The directory of the site. The first worker builds it. */
  readonly featureSite: string;
}

/** Tests of the pages of the plugins. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  featureSite: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
    async ({}, use) => use(await buildFeatureSite()),
    { scope: 'worker', timeout: buildTimeoutMs + 60_000 },
  ],
  startFeatureServer: async ({ startServer, featureSite }, use) =>
    use((settings = {}) => startServer({ ...allFeatures, ...settings }, [], featureSite)),
});
