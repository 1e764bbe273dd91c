import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, type TestInfo } from '@playwright/test';

/** WCAG 2.2 to level AA, without exceptions. */
export const wcagRules: readonly string[] = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Those and axe's best practices, which are about whole pages. */
const axeRules = [...wcagRules, 'best-practice'];

/** The type of annotations with a state, such as 'login/wrong-password'. The summary counts them. */
export const stateAnnotation = 'state';

/** The type of annotations with a measurement. The summary prints them. */
export const measurementAnnotation = 'measurement';

/** Fails with the violations that axe finds on the current page. */
export async function checkWithAxe(page: Page, rules: readonly string[] = axeRules): Promise<void> {
  // Docusaurus' own progress bar, which a slow change of the page shows, has an invalid ARIA role.
  const builder = new AxeBuilder({ page }).withTags([...rules]).exclude('#nprogress');
  const { violations, passes } = await builder.analyze();
  expect(passes.length, 'number of rules of axe that the page passes').toBeGreaterThan(0);
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}\n    ${node.target.join(' ')}\n    ${node.html}`),
  );
  expect(found, `violations that axe finds on ${page.url()}`).toEqual([]);
}

/**
 * Checks the current state of the page with axe and counts it. With SCREENSHOTS=1 it also saves a screenshot as
 * e2e/screenshots/<page>/<state>-<project>.png.
 */
export async function checkState(page: Page, name: string, info: TestInfo): Promise<void> {
  const where = pageName(page.url());
  await checkWithAxe(page);
  info.annotations.push({ type: stateAnnotation, description: `${where}/${name}` });
  if (!process.env['SCREENSHOTS']) return;
  const file = path.resolve(import.meta.dirname, '../screenshots', where, `${name}-${info.project.name}.png`);
  await page.screenshot({ path: file, fullPage: true, animations: 'disabled', caret: 'hide' });
  // Chromium enlarges the window for a full-page screenshot. Without this line it scrolls during the next click.
  await page.evaluate(() => window.scrollTo(0, 0));
}

/** '/' → home, '/docs/api/errors/' → docs-api-errors. */
function pageName(url: string): string {
  return new URL(url).pathname.split('/').filter(Boolean).join('-') || 'home';
}
