import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@playwright/test';
import { sharedServer } from './setup';
import { buildCopiedSite, copySite } from './site-copy';

/** The settings of a server with all plugins. The site reads the same variables when it is built. */
export const allFeatures = { MAGIC_LINK: 'on', EMAIL_OTP: 'on', TWO_FACTOR: 'on', ADMIN: 'on' } as const;

/** Long enough for a busy machine. */
export const buildTimeoutMs = 900_000;

/**
 * Builds the site with the pages of all features, once for all workers of this run. Returns the directory in which
 * `xenon dev` serves this site. The directory is removed with that of the shared server.
 */
export async function buildFeatureSite(): Promise<string> {
  const dir = path.join(path.dirname(sharedServer().mailFile), 'feature-site');
  const ended = path.join(dir, 'ended');
  if (isFirst(dir)) {
    try {
      copySite(dir);
      buildCopiedSite(dir, allFeatures);
    } finally {
      writeFileSync(ended, '');
    }
  }
  await expect.poll(() => existsSync(ended), { timeout: buildTimeoutMs, message: 'the build has ended' }).toBe(true);
  expect(existsSync(path.join(dir, 'website/build/admin/index.html')), 'the site with all features is built').toBe(
    true,
  );
  return dir;
}

/** Whether this worker has created the directory. */
function isFirst(dir: string): boolean {
  return mkdirSync(dir, { recursive: true }) !== undefined;
}
