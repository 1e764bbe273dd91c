import type { Page } from '@playwright/test';
import { checkWithAxe, expect, test } from './harness/test';

const searchDialog = (page: Page) => page.getByRole('dialog', { name: 'Search the manual' });
const openSearchButton = (page: Page) => page.getByRole('button', { name: 'Search', exact: true });
const searchInput = (page: Page) => searchDialog(page).getByRole('textbox', { name: 'Words to search for' });

/** Opens the search on the current page and types a query. */
async function search(page: Page, query: string): Promise<void> {
  await openSearchButton(page).click();
  await expect(searchInput(page)).toBeFocused();
  await searchInput(page).pressSequentially(query);
}

test('a word that is typed into the search leads to a page of the manual with this word', async ({
  page,
  checkPageState,
}) => {
  await page.goto('/docs/');
  await search(page, 'quarantine');
  await expect(searchDialog(page).getByRole('status')).toHaveText('The 10 best results');
  await expect(searchDialog(page).locator('mark').first()).toHaveText(/^quarantine/i);
  await checkPageState(page, 'search-results');
  await page.keyboard.press('Enter');
  await expect(searchDialog(page)).toBeHidden();
  await expect(page).toHaveURL(/\/docs\/.+\//);
  await expect(page.getByRole('article')).toContainText('quarantine');
});

test('the search works with the keyboard', { tag: '@once' }, async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('[data-account="signed-out"]').first()).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(searchInput(page)).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(searchDialog(page)).toBeHidden();
  await openSearchButton(page).press('Enter');
  await searchInput(page).pressSequentially('rollback');
  const links = searchDialog(page).getByRole('listitem').getByRole('link');
  await expect(links).toHaveCount(10);
  await page.keyboard.press('ArrowDown');
  await expect(links.first()).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(links.nth(1)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(searchInput(page)).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(openSearchButton(page)).toBeFocused();
  await openSearchButton(page).press('Enter');
  await searchInput(page).pressSequentially('rollback');
  await expect(links).toHaveCount(10);
  const target = new URL((await links.nth(1).getAttribute('href')) ?? '', page.url());
  await links.nth(1).press('Enter');
  await expect(page).toHaveURL(target.href);
  await expect(searchDialog(page)).toBeHidden();
});

test('Enter before the index is loaded opens the first result later', { tag: '@once' }, async ({ page }) => {
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.context().route('**/search-index.json', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/docs/');
  await search(page, 'quarantine');
  await expect(searchDialog(page).getByRole('status')).toHaveText('Searching …');
  await page.keyboard.press('Enter');
  answer();
  await expect(page).toHaveURL(/\/docs\/.+\//);
});

test('all results have a page of their own', async ({ page, checkPageState }) => {
  await page.goto('/docs/');
  await search(page, 'session cookie');
  await searchDialog(page).getByRole('link', { name: 'All results' }).click();
  await expect(page).toHaveURL('/search/?q=session+cookie');
  const main = page.getByRole('main');
  await expect(main.getByRole('status')).toHaveText(/^(The 100 best|\d+) results$/);
  expect(await main.getByRole('listitem').count()).toBeGreaterThan(10);
  await checkPageState(page, 'results');
  await main.getByRole('textbox').fill('quarantine');
  await main.getByRole('textbox').press('Enter');
  await expect(page).toHaveURL('/search/?q=quarantine');
  await expect(main.getByRole('textbox')).toHaveValue('quarantine');
  await main.getByRole('listitem').first().getByRole('link').click();
  await expect(page.getByRole('article')).toContainText('quarantine');
});

test('a search without results, and one without an index, say so', { tag: '@once' }, async ({ page, guard }) => {
  await page.goto('/docs/');
  await search(page, 'xylophonequux');
  await expect(searchDialog(page).getByRole('status')).toHaveText('No results');
  await checkWithAxe(page);
  guard.allow('failed', '/search-index.json');
  await page.context().route('**/search-index.json', (route) => route.abort('internetdisconnected'));
  await page.reload();
  await search(page, 'quarantine');
  await expect(searchDialog(page).getByRole('status')).toContainText('could not be loaded');
  await checkWithAxe(page);
});

test('the code and the index of the search are loaded when it is opened', { tag: '@once' }, async ({ page }) => {
  const loaded: string[] = [];
  page.context().on('request', (request) => loaded.push(new URL(request.url()).pathname));
  await page.goto('/docs/');
  await expect(page.locator('[data-account="signed-out"]').first()).toBeVisible(); // scripts that load late have run
  expect(loaded).not.toContain('/search-index.json');
  expect(page.workers()).toHaveLength(0);
  const before = loaded.length;
  await search(page, 'quarantine');
  await expect(searchDialog(page).getByRole('status')).toHaveText('The 10 best results');
  expect(page.workers()).toHaveLength(1);
  const more = loaded.slice(before);
  expect(more).toContain('/search-index.json');
  const scripts = more.filter((path) => path.endsWith('.js'));
  expect(scripts.length, 'number of scripts of the dialog and the worker').toBeGreaterThan(1);
});
