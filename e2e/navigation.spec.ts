import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Locator, Page } from '@playwright/test';
import { checkWithAxe } from './harness/states';
import { expect, register, test } from './harness/test';
import { measurementNote, startMeasuringVitals } from './harness/vitals';

const followedLinkCount = 50;

/** The next link to follow: to the next chapter, from the last chapter to home, and from home to the manual. */
async function findNextLink(page: Page): Promise<Locator> {
  if (new URL(page.url()).pathname === '/') return page.getByRole('link', { name: 'Get started' });
  const next = page.getByRole('navigation', { name: 'Docs pages' }).getByRole('link', { name: /^Next/ });
  return (await next.count()) > 0 ? next : page.getByRole('link', { name: 'Xenon' }).first();
}

/**
 * Follows the next link, and waits until the new page is shown: the URL changes before the content. Enter on the link
 * works even if the page moves or renders again, while a click can hit an element that React has removed.
 */
async function followNextLink(page: Page): Promise<void> {
  const link = await findNextLink(page);
  const target = new URL((await link.getAttribute('href')) ?? '', page.url());
  expect(target.pathname, 'path of the next link').not.toBe(new URL(page.url()).pathname);
  await link.press('Enter');
  await expect(page).toHaveURL(target.href);
  const canonical = page.locator('link[rel="canonical"]').first();
  await expect
    .poll(async () => new URL((await canonical.getAttribute('href')) ?? '', target).pathname)
    .toBe(target.pathname);
}

test(`${followedLinkCount} navigations need one get-session and cause no page load, no sign-out flash and no layout shift`, async ({
  page,
  context,
  person,
}, info) => {
  test.slow();
  await register(context, person);
  let requests = 0;
  let loads = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/api/auth/get-session') requests++;
    if (request.isNavigationRequest()) loads++;
  });
  const readVitals = await startMeasuringVitals(page);
  await page.goto('/docs/');
  const slot = page.locator('[data-account]').first();
  await expect(slot).toHaveAttribute('data-account', 'signed-in');
  // Records each value that data-account gets from now on.
  await page.evaluate(() => {
    const seen = new Set<string>();
    Object.assign(window, { seen });
    const recordAccountState = () => {
      for (const slot of document.querySelectorAll('[data-account]')) seen.add(slot.getAttribute('data-account') ?? '');
    };
    new MutationObserver(recordAccountState).observe(document, { subtree: true, childList: true, attributes: true });
  });
  const visited = new Set<string>();
  for (let i = 0; i < followedLinkCount; i++) {
    await followNextLink(page);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(await slot.getAttribute('data-account'), page.url()).toBe('signed-in');
    visited.add(page.url());
  }
  expect(visited.size).toBeGreaterThan(25);
  expect({ requests, loads }).toEqual({ requests: 1, loads: 1 });
  expect(await page.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen])).toEqual(['signed-in']);
  const { shift: moved, shifts } = await readVitals();
  expect(moved, shifts.join('\n')).toBeLessThan(0.02);
  info.annotations.push(
    measurementNote(
      `${followedLinkCount} navigations over ${visited.size} pages: ${requests} get-session, ${loads} load, ` +
        `layout shift ${moved.toFixed(4)} (${info.project.name})`,
    ),
  );
});

test('navigation in the manual does not remount the navbar', async ({ page, context, person }) => {
  await register(context, person);
  await page.goto('/docs/');
  const slot = page.locator('[data-account]').first();
  await expect(slot).toHaveAttribute('data-account', 'signed-in');
  const button = await slot.elementHandle();
  for (let i = 0; i < 5; i++) await followNextLink(page);
  expect(await slot.evaluate((now, before) => now === before, button)).toBe(true);
});

for (const who of ['signed out', 'signed in']) {
  test(`a page requests the session once and has no layout shift: ${who}`, async ({ page, context, person }) => {
    if (who === 'signed in') await register(context, person);
    const readVitals = await startMeasuringVitals(page);
    for (const path of ['/', '/docs/', '/docs/api/errors/', '/docs/security/']) {
      let requests = 0;
      const count = (request: { url: () => string }) => {
        if (new URL(request.url()).pathname === '/api/auth/get-session') requests++;
      };
      page.on('request', count);
      await page.goto(path);
      await expect(page.locator('[data-account]').first()).toHaveAttribute(
        'data-account',
        who === 'signed in' ? 'signed-in' : 'signed-out',
      );
      await page.waitForLoadState('networkidle');
      page.off('request', count);
      expect(requests, path).toBe(1);
      const { shift: moved } = await readVitals();
      expect(moved, path).toBeLessThan(0.02);
    }
  });
}

test('R60: the overview of the manual, the account menu and the mobile menu pass axe', async ({
  page,
  context,
  person,
  checkPageState,
}) => {
  await register(context, person);
  await page.goto('/docs/');
  await expect(page.locator('[data-account]').first()).toHaveAttribute('data-account', 'signed-in');
  await checkPageState(page, 'overview');
  await page.getByRole('button', { name: `Account of ${person.name}` }).click();
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  await checkPageState(page, 'account-menu');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: `Account of ${person.name}` })).toBeFocused();
  if ((page.viewportSize()?.width ?? 0) < 997) {
    await page.getByRole('button', { name: 'Toggle navigation bar' }).click();
    await checkPageState(page, 'menu');
  }
});

for (const path of [
  'getting-started',
  'how-it-works',
  'api',
  'api/errors',
  'api/signing-in',
  'better-auth',
  'divergences',
  'migrate',
  'configuration',
  'security',
  'deploy',
  'runbooks/rotation',
]) {
  test(`R60: the chapter ${path} passes axe`, async ({ page, checkPageState }) => {
    await page.goto(`/docs/${path}/`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await checkPageState(page, 'chapter');
  });
}

test('a table that the browser receives in two parts causes no layout shift @once', async ({ page, baseURL }) => {
  const html = await (await page.request.get('/docs/security/')).text();
  const table = html.indexOf('<tbody');
  const half = html.indexOf('<tr', html.indexOf('<tr', table) + 1);
  expect(table, 'position of <tbody in the HTML of the page').toBeGreaterThan(0);
  // A proxy that sends the document in two parts.
  const server = createServer(async (request, response) => {
    const answer = await fetch(`${baseURL}${request.url}`);
    const body = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    if (request.url !== '/docs/security/') {
      response.end(body);
      return;
    }
    response.write(html.slice(0, half));
    setTimeout(() => response.end(html.slice(half)), 1500);
  }).listen(0, '127.0.0.1');
  try {
    await page.setViewportSize({ width: 360, height: 800 });
    const readVitals = await startMeasuringVitals(page);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/docs/security/`);
    await page.waitForLoadState('networkidle');
    const { shift } = await readVitals();
    expect(shift).toBeLessThan(0.02);
  } finally {
    server.close();
  }
});

test('a page that loads slowly moves nothing, and its progress bar passes axe @once', async ({ page }) => {
  const readVitals = await startMeasuringVitals(page);
  await page.goto('/docs/');
  await page.waitForLoadState('networkidle');
  await page.route('**/assets/js/*.js', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500)); // the browser counts shifts only 0.5 s after a click
    await route.continue();
  });
  for (const path of ['/docs/deploy/', '/docs/security/', '/docs/emails/']) {
    const before = await page.getByRole('heading', { level: 1 }).innerText();
    await page.getByRole('navigation', { name: 'Docs sidebar' }).locator(`a[href="${path}"]`).click();
    await expect(page.locator('#nprogress')).toBeAttached();
    await checkWithAxe(page);
    await expect(page.getByRole('heading', { level: 1 })).not.toHaveText(before);
  }
  const { shift, shifts } = await readVitals();
  expect(shift, shifts.join('\n')).toBeLessThan(0.02);
});
