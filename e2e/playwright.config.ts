import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { defineConfig, type PlaywrightTestOptions, type Project } from '@playwright/test';

// Chromium is what is tested: it is in every distribution. E2E_BROWSERS=chromium,firefox,webkit adds those that
// `npx playwright install` has brought; no other Firefox or WebKit can be driven.
const browsers = (process.env['E2E_BROWSERS'] ?? 'chromium').split(',');

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 360, height: 800 }, hasTouch: true };
const looks: Record<string, Partial<PlaywrightTestOptions>> = {
  'desktop-light': { ...desktop, colorScheme: 'light' },
  'desktop-dark': { ...desktop, colorScheme: 'dark' },
  'phone-light': { ...phone, colorScheme: 'light' },
  'phone-dark': { ...phone, colorScheme: 'dark' },
};

// The runner reads this file once for itself and once in each worker; the browser is looked for once.
function chromium(): string {
  process.env['CHROMIUM'] ||= execFileSync(path.resolve(import.meta.dirname, '../scripts/browser'), {
    encoding: 'utf8',
  }).trim();
  return process.env['CHROMIUM'];
}

function projects(browser: string): Project[] {
  return Object.entries(looks).map(([look, use], i) => ({
    name: browser === 'chromium' ? look : `${browser}-${look}`,
    use: {
      ...use,
      browserName: browser as 'chromium' | 'firefox' | 'webkit',
      ...(browser === 'chromium' && { launchOptions: { executablePath: chromium() } }),
    },
    // What does not depend on how a page looks is done once: tests with the tag @once.
    ...((i > 0 || browser !== 'chromium') && { grepInvert: /@once/ }),
  }));
}

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: 'test-results',
  globalSetup: './harness/setup.ts',
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  // Long enough for a machine that has other things to do: no test is about how long something takes.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  retries: 0,
  reporter: [['list'], ['./harness/summary.ts']],
  use: { trace: 'off', screenshot: 'only-on-failure', contextOptions: { reducedMotion: 'reduce' } },
  projects: browsers.flatMap(projects),
});
