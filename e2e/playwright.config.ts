import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { defineConfig, type PlaywrightTestOptions, type Project } from '@playwright/test';

// The default is Chromium, which every distribution has. E2E_BROWSERS=chromium,firefox,webkit adds the browsers that
// `npx playwright install` has installed. Playwright cannot control any other Firefox or WebKit.
const browsers = (process.env['E2E_BROWSERS'] ?? 'chromium').split(',');

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 360, height: 800 }, hasTouch: true };
const layouts: Record<string, Partial<PlaywrightTestOptions>> = {
  'desktop-light': { ...desktop, colorScheme: 'light' },
  'desktop-dark': { ...desktop, colorScheme: 'dark' },
  'phone-light': { ...phone, colorScheme: 'light' },
  'phone-dark': { ...phone, colorScheme: 'dark' },
};

// The runner and each worker load this file. The variable makes scripts/browser run only once.
function chromium(): string {
  process.env['CHROMIUM'] ||= execFileSync(path.resolve(import.meta.dirname, '../scripts/browser'), {
    encoding: 'utf8',
  }).trim();
  return process.env['CHROMIUM'];
}

function projects(browser: string): Project[] {
  return Object.entries(layouts).map(([layout, use], i) => ({
    name: browser === 'chromium' ? layout : `${browser}-${layout}`,
    use: {
      ...use,
      browserName: browser as 'chromium' | 'firefox' | 'webkit',
      ...(browser === 'chromium' && { launchOptions: { executablePath: chromium() } }),
    },
    // Tests with the tag @once do not depend on the layout and colours of the page and run only in the first project.
    ...((i > 0 || browser !== 'chromium') && { grepInvert: /@once/ }),
  }));
}

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  // Only `make keycloak` has a Keycloak, and only `make gotrue-browser` has Supabase's auth server.
  testIgnore: ['keycloak', 'gotrue'].flatMap((name) => (process.env[name.toUpperCase()] ? [] : `${name}.spec.ts`)),
  outputDir: 'test-results',
  globalSetup: './harness/setup.ts',
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  // Long enough for a busy machine. The times that a test measures have their own limits.
  timeout: 600_000,
  expect: { timeout: 60_000 },
  retries: 0,
  reporter: [['list'], ['./harness/summary.ts']],
  use: { trace: 'off', screenshot: 'only-on-failure', contextOptions: { reducedMotion: 'reduce' } },
  projects: browsers.flatMap(projects),
});
