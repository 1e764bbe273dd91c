import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { repositoryRoot } from './xenon';

/** The project. The clients of Supabase take it from the first label of the host. */
export const ref = 'abcdefghijklmnopqrst';

/** The name under which the clients of Supabase store a session. */
export const storageKey = `sb-${ref}-auth-token`;

/** The settings of a server that accepts the sessions of the project. */
export const bridgeSettings = {
  SUPABASE_BRIDGE: 'on',
  SUPABASE_REF: ref,
  TWO_FACTOR: 'on',
  BETTER_AUTH_SECRET: 'the secret of the tests of sessions of Supabase',
} as const;

/** Bundles supabase-clients.ts, because its packages are for bundlers. The script has the global variable `clients`. */
export function bundleClients(): string {
  const file = path.join(repositoryRoot, `e2e/test-results/supabase-clients-${randomUUID()}.js`);
  const rolldown = path.join(repositoryRoot, 'node_modules/.bin/rolldown');
  const source = path.join(import.meta.dirname, 'supabase-clients.ts');
  const options = ['--format', 'iife', '--name', 'clients', '--platform', 'browser', '--file', file];
  execFileSync(rolldown, [source, ...options], { cwd: import.meta.dirname, stdio: 'pipe' });
  const script = readFileSync(file, 'utf8');
  rmSync(file);
  return script;
}

/** The call of a function of supabase-clients.ts in a page of the old site. */
export function callOf(name: string, ...values: readonly unknown[]): string {
  return `clients.${name}(${values.map((value) => JSON.stringify(value)).join(', ')})`;
}

/** Makes the session that supabase-js 2 has stored in localStorage look as old as its access token lasts. */
export async function expireAccessToken(page: Page): Promise<void> {
  await page.evaluate((key) => {
    const session: unknown = JSON.parse(localStorage.getItem(key) ?? '');
    localStorage.setItem(key, JSON.stringify(Object.assign(Object(session), { expires_at: 1, expires_in: 0 })));
  }, storageKey);
}

/** The entries and cookies of Supabase's clients in the browser. */
export async function storedNames(page: Page): Promise<string[]> {
  const entries = await page.evaluate(() => Object.keys({ ...localStorage }));
  const cookies = await page.context().cookies();
  return [...entries, ...cookies.map(({ name }) => name)].filter((name) => /^sb-|supabase/.test(name)).sort();
}
