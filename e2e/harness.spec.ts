import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from './harness/test';

// These tests show that the guard and axe report problems.
test('the guard reports console errors, uncaught errors and failed requests of a page', { tag: '@once' }, async ({
  page,
  guard,
}) => {
  await page.goto('/');
  const problemsAfter = async (action: () => unknown, path = '/') => {
    await page.goto(path);
    await page.evaluate(action);
    await page.waitForLoadState('networkidle');
    return guard.take().join('\n');
  };
  expect(await problemsAfter(() => console.error('a hydration error'))).toContain('console error: a hydration error');
  expect(await problemsAfter(() => console.warn('a warning'))).toContain('console warning: a warning');
  expect(
    await problemsAfter(
      () =>
        void setTimeout(() => {
          throw new Error('this error is not caught');
        }),
    ),
  ).toContain('uncaught: Error: this error is not caught');
  expect(await problemsAfter(() => void Promise.reject(new Error('a rejection')))).toContain(
    'uncaught: Error: a rejection',
  );
  expect(await problemsAfter(() => fetch('/nothing'))).toMatch(/^404 GET .*\/nothing$/);
  expect(await problemsAfter(() => fetch('http://localhost:1/').catch(() => {}))).toContain('Content Security Policy');
  const inline = await problemsAfter(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    document.body.setAttribute('style', 'color: red');
  });
  expect(inline).toContain('Executing inline script violates');
  expect(inline).toContain('Applying inline style violates');
  expect(await page.evaluate(() => 'ran' in window)).toBe(false);
});

test('the guard accepts declared problems, and reports those that do not happen', { tag: '@once' }, async ({
  page,
  guard,
}) => {
  await page.goto('/');
  guard.allow(404, '/nothing');
  await page.evaluate(() => fetch('/nothing'));
  expect(guard.take()).toEqual([]);
  guard.allow(404, '/nothing');
  expect(guard.take()).toEqual(['declared, but did not happen: 404 /nothing']);
  guard.allow('failed', '/nothing');
  await page.route('/nothing', (route) => route.abort('internetdisconnected'));
  await page.evaluate(() => fetch('/nothing').catch(() => {}));
  expect(guard.take()).toEqual([]);
});

test('the guard reports a hydration error', { tag: '@once' }, async ({ page, guard }) => {
  await page.route('/', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({
      response: answer,
      body: (await answer.text()).replace('</main>', '<p>no part of it</p></main>'),
    });
  });
  await page.goto('/');
  await expect(page.locator('[data-account="signed-out"]').first()).toBeVisible();
  expect(guard.take().join()).toContain('Minified React error #418');
});

test('axe reports an input without a label', { tag: '@once' }, async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('[data-account="signed-out"]').first()).toBeVisible();
  await page.evaluate(() => {
    const input = document.createElement('input');
    document.querySelector('main')?.append(input);
  });
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a']).analyze();
  expect(violations.map(({ id }) => id)).toEqual(['label']);
});
