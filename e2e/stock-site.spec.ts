import { makeStockSite, type StockSite, serveFiles } from './harness/stock-site';
import { expect, newPerson, test } from './harness/test';
import { walkThroughSite } from './harness/walk';

// These tests make one site and build it under two base URLs. `make test` runs those of the first.
test.describe.configure({ mode: 'serial' });

let site: StockSite;
test.beforeAll(() => {
  test.setTimeout(300_000);
  site = makeStockSite('one-origin');
});
test.afterAll(() => site?.remove());

test('a site of create-docusaurus needs at most ten more lines', { tag: ['@once', '@smoke'] }, () => {
  expect(site.addedLines).toBeLessThanOrEqual(10);
});

for (const { baseUrl, hasOwnRoot, tag } of [
  { baseUrl: '/', hasOwnRoot: false, tag: ['@once', '@smoke'] },
  { baseUrl: '/learn/', hasOwnRoot: true, tag: ['@once'] },
]) {
  test(`on a site under ${baseUrl} a person registers, sees a protected page, signs out and signs in`, {
    tag,
  }, async ({ page, startServer }) => {
    test.setTimeout(300_000);
    const dir = site.build(baseUrl, { hasOwnRoot });
    // xenon dev serves a directory at / only, with the policy of the cloud: a violation of it fails the test.
    const files = baseUrl === '/' ? undefined : await serveFiles(dir, baseUrl);
    try {
      const { origin } = await startServer(
        {},
        files ? ['--site', files.origin] : ['--site', dir, '--csp', 'docusaurus'],
      );
      await walkThroughSite(page, origin + baseUrl, newPerson());
      await expect(page.locator('[data-own-root]')).toHaveCount(hasOwnRoot ? 1 : 0);
    } finally {
      files?.server.close();
    }
  });
}
