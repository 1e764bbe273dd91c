import type { Page } from '@playwright/test';
import type { ProblemGuard } from './guard';

/** Holds all answers to a path back until the returned function is called. */
export async function holdAnswers(page: Page, path: string): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((done) => {
    release = done;
  });
  await page.route(patternOf(path), async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** Answers all requests to a path with 503, until stopChangingAnswers is called. */
export async function answerWith503(page: Page, guard: ProblemGuard, path: string): Promise<void> {
  guard.allow(503, path);
  await page.route(patternOf(path), (route) => route.fulfill({ status: 503 }));
}

/** Lets all requests to a path fail, as without a network, until stopChangingAnswers is called. */
export async function failRequests(page: Page, guard: ProblemGuard, path: string): Promise<void> {
  guard.allow('failed', path);
  await page.route(patternOf(path), (route) => route.abort());
}

/** The server answers requests to a path again. */
export async function stopChangingAnswers(page: Page, path: string): Promise<void> {
  await page.unroute(patternOf(path));
}

/** The path at any origin, with any query. */
const patternOf = (path: string) => `**${path}*`;
