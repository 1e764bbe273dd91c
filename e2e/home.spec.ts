import { expect, register, test } from './harness/test';

test('R60: home shows live responses of the API, and links to other pages', async ({ page, checkPageState }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign-in for static sites, on your own Postgres');
  const live = page.getByRole('region', { name: 'This site runs on Xenon' });
  await expect(live).toContainText('GET /health200');
  await expect(live).toContainText('GET /api/auth/jwks200');
  await checkPageState(page, 'signed-out');
  for (const [link, path] of [
    ['Get started', '/docs/getting-started/'],
    ['Import from Supabase', '/docs/migrate/'],
    ['Register', '/register/'],
  ] as const) {
    await page.getByRole('main').getByRole('link', { name: link, exact: true }).first().click();
    await expect(page).toHaveURL(path);
    await page.goBack();
    await expect(page).toHaveURL('/');
  }
});

test('R60: home shows that a person is signed in', async ({ page, context, person, checkPageState }) => {
  await register(context, person);
  await page.goto('/');
  await expect(page.locator('[data-account]').first()).toHaveAttribute('data-account', 'signed-in');
  await checkPageState(page, 'signed-in');
});

test('home shows that the database is unavailable', async ({ page, guard, checkPageState }) => {
  guard.allow(503, '/health');
  await page.route('/health', (route) =>
    route.fulfill({ status: 503, json: { status: 'error', database: 'disconnected' } }),
  );
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'This site runs on Xenon' })).toContainText('GET /health503');
  await checkPageState(page, 'database-unavailable');
});

test('R60: an unknown path shows a not-found page with a link to home', async ({ page, guard, checkPageState }) => {
  guard.allow(404, '/nowhere/');
  await page.goto('/nowhere/');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Page Not Found');
  await checkPageState(page, 'not-found');
  await page.getByRole('link', { name: 'Xenon' }).first().click();
  await expect(page).toHaveURL('/');
});

test('the chosen colour mode is kept after a reload', async ({ page, isMobile }) => {
  await page.goto('/');
  const readColourMode = () => page.evaluate(() => document.documentElement.dataset['theme']);
  const before = await readColourMode();
  if (isMobile || (page.viewportSize()?.width ?? 0) < 997)
    await page.getByRole('button', { name: 'Toggle navigation bar' }).click();
  const toggle = page.getByRole('button', { name: /Switch between dark and light mode/ }).locator('visible=true');
  while ((await readColourMode()) === before) await toggle.click();
  const chosen = await readColourMode();
  await page.reload();
  expect(await readColourMode()).toBe(chosen);
});
