import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, type TestInfo } from '@playwright/test';

/** WCAG 2.2 to AA and axe's best practices, without an exception. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What the summary counts: 'login/wrong-password'. */
export const stateAnnotation = 'state';

/** What was measured; the summary prints it. */
export const figureAnnotation = 'figure';

/** Fails with what axe finds on the page as it is now, and where. */
export async function axe(page: Page): Promise<void> {
  const { violations, passes } = await new AxeBuilder({ page }).withTags(rules).analyze();
  expect(passes.length, 'axe looked at nothing').toBeGreaterThan(0);
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}\n    ${node.target.join(' ')}\n    ${node.html}`),
  );
  expect(found, `axe on ${page.url()}`).toEqual([]);
}

/**
 * Declares that the page is in a state worth keeping: axe looks at it, it is counted, and with SCREENSHOTS=1 its picture is
 * kept as e2e/screenshots/<page>/<state>-<project>.png.
 */
export async function state(page: Page, name: string, info: TestInfo): Promise<void> {
  const where = pageName(page.url());
  await axe(page);
  info.annotations.push({ type: stateAnnotation, description: `${where}/${name}` });
  if (!process.env['SCREENSHOTS']) return;
  const file = path.resolve(import.meta.dirname, '../screenshots', where, `${name}-${info.project.name}.png`);
  await page.screenshot({ path: file, fullPage: true, animations: 'disabled', caret: 'hide' });
  // For a whole page Chromium makes its window higher, and then jumps back in the middle of the next click.
  await page.evaluate(() => window.scrollTo(0, 0));
}

/** '/' → home, '/docs/api/errors/' → docs-api-errors. */
function pageName(url: string): string {
  return new URL(url).pathname.split('/').filter(Boolean).join('-') || 'home';
}
