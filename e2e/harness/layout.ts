import { expect, type Page } from '@playwright/test';

/** The page is not wider than the window. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const [content, visible] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  expect(content, 'width of the page').toBeLessThanOrEqual(visible ?? 0);
}
