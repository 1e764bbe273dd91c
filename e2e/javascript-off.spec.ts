import { expect, test } from './harness/test';

test.use({ javaScriptEnabled: false });

test('without JavaScript the manual is readable', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.getByRole('link', { name: 'Get started' }).click();
  await expect(page).toHaveURL('/docs/getting-started/');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Getting started');
  await page.getByRole('navigation', { name: 'Docs pages' }).getByRole('link', { name: /^Next/ }).click();
  await expect(page).not.toHaveURL('/docs/getting-started/');
  await expect(page.locator('main p').first()).toBeVisible();
});

for (const path of [
  'login',
  'register',
  'forgot-password',
  'reset-password',
  'verify-email',
  'cancel-email-change',
  'profile',
  'account',
]) {
  test(`without JavaScript /${path}/ says that it needs JavaScript`, async ({ page }) => {
    await page.goto(`/${path}/`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('main noscript')).toBeVisible();
    expect(await page.locator('main noscript').textContent()).toContain('needs JavaScript');
  });
}
