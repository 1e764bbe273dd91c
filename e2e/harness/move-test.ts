import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { buildBridgeSite } from './bridge-site';
import { createDatabase } from './database';
import { buildTimeoutMs } from './feature-site';
import { createSupabaseProject, type SupabaseProject } from './gotrue';
import { bridgeSettings } from './supabase';
import { test as base } from './test';
import { repositoryRoot } from './xenon';

/** The counts that `xenon migrate run --json` prints. */
export interface ImportStatus {
  readonly state: string;
  readonly pass: number;
  readonly sessions: { readonly read: number; readonly bridged: number };
}

/** The database of Xenon after the move. */
export interface Target {
  readonly url: string;
  /** Runs `xenon migrate run` with sessions and second factors. */
  readonly importFrom: (databaseURL: string) => ImportStatus;
  /** Whether `xenon migrate verify` finds no difference. */
  readonly equals: (databaseURL: string) => boolean;
  /** How many sessions of Supabase were used, as `xenon bridge status` counts them. */
  readonly countUsedSessions: () => number;
}

interface Fixtures {
  readonly project: SupabaseProject;
  readonly target: Target;
}

interface WorkerFixtures {
  /** The directory of Xenon's site with the settings for sessions of Supabase and for second factors. */
  readonly site: string;
}

/** Tests of a move from a Supabase project. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  project: async ({}, use) => {
    const project = await createSupabaseProject();
    await use(project);
    await project.remove();
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
  target: async ({}, use) => {
    const database = await createDatabase();
    runXenon(['schema', 'up'], { DATABASE_URL: database.url });
    await use(targetAt(database.url));
    await database.drop();
  },
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright requires an object pattern
    async ({}, use) => {
      const site = buildBridgeSite({ TWO_FACTOR: 'on' });
      await use(site.dir);
      site.remove();
    },
    { scope: 'worker', timeout: buildTimeoutMs },
  ],
});

function targetAt(url: string): Target {
  const migrate = (from: string, ...args: string[]): unknown => {
    const { BETTER_AUTH_SECRET } = bridgeSettings;
    const env = { FROM_DATABASE_URL: from, TO_DATABASE_URL: url, BETTER_AUTH_SECRET };
    return JSON.parse(runXenon(['migrate', ...args, '--json'], env));
  };
  return {
    url,
    importFrom: (from) => migrate(from, 'run', '--sessions', '--mfa', 'carry') as ImportStatus,
    equals: (from) => (migrate(from, 'verify') as { equal: boolean }).equal,
    countUsedSessions: () => {
      const status = runXenon(['bridge', 'status', '--json'], { DATABASE_URL: url });
      return (JSON.parse(status) as { used: number }).used;
    },
  };
}

/** Runs a command of xenon. Returns its output. If it fails, the error has what it says. */
function runXenon(args: readonly string[], env: Readonly<Record<string, string>>): string {
  return execFileSync(path.join(repositoryRoot, 'bin/xenon'), args, {
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
    stdio: 'pipe',
  });
}
