import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, type Page } from '@playwright/test';
import { repositoryRoot } from './xenon';

/** Builds the page in e2e/stock-react with Vite, React and better-auth of the repository. */
export function buildStockReactPage(): { readonly dir: string; readonly remove: () => void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-stock-react-'));
  const source = path.join(repositoryRoot, 'e2e/stock-react');
  const vite = path.join(repositoryRoot, 'node_modules/.bin/vite');
  // If the build fails, the error contains its output.
  execFileSync(vite, ['build', source, '--outDir', dir, '--emptyOutDir'], { cwd: source, stdio: 'pipe' });
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** What useSession returns, as the page shows it. */
export const sessionOn = (page: Page) => page.getByLabel('Session', { exact: true });

/** Fills in and submits a form of the page, and waits for its result: "done", or the status and code of an error. */
export async function submitForm(
  page: Page,
  title: string,
  values: Readonly<Record<string, string>>,
  result?: string,
): Promise<void> {
  const form = page.getByRole('form', { name: title, exact: true });
  for (const [field, value] of Object.entries(values)) await form.getByLabel(field, { exact: true }).fill(value);
  await form.getByRole('button', { name: title }).click();
  if (result) await expect(form.getByRole('status')).toHaveText(result);
}

/** Counts the documents that a page loads. */
export function countLoads(page: Page): () => number {
  let loads = 0;
  page.on('load', () => loads++);
  return () => loads;
}
