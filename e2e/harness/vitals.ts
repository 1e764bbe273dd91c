import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { figureAnnotation } from './states';

/** The metrics of a page, as Lighthouse defines them. */
export interface Vitals {
  /** CLS: the cumulative layout shift. */
  readonly shift: number;
  /** LCP: when the largest element was painted, in ms since the start of the navigation. */
  readonly painted: number;
  /** TBT: how long the main thread was blocked, in ms. */
  readonly blocked: number;
}

/** Observes the pages that are loaded from now on. The returned function reads the metrics of the current page. */
export async function observe(page: Page): Promise<() => Promise<Vitals>> {
  await page.addInitScript(() => {
    const vitals = { shift: 0, painted: 0, blocked: 0 };
    Object.assign(window, { vitals });
    const each = (type: string, note: (entry: PerformanceEntry & { value: number; hadRecentInput: boolean }) => void) =>
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) note(entry as Parameters<typeof note>[0]);
      }).observe({ type, buffered: true });
    each('layout-shift', (entry) => {
      if (!entry.hadRecentInput) vitals.shift += entry.value;
    });
    each('largest-contentful-paint', (entry) => {
      vitals.painted = entry.startTime;
    });
    each('longtask', (entry) => {
      vitals.blocked += Math.max(0, entry.duration - 50);
    });
  });
  return () => page.evaluate(() => (window as unknown as { vitals: Vitals }).vitals);
}

/** Loads a page and returns the size of each of its scripts in gzipped bytes, by path. */
export async function scriptsOf(page: Page, url: string): Promise<Map<string, number>> {
  const bodies = new Map<string, Promise<Buffer>>();
  const note = (response: {
    url: () => string;
    body: () => Promise<Buffer>;
    request: () => { resourceType: () => string };
  }) => {
    if (response.request().resourceType() === 'script') bodies.set(new URL(response.url()).pathname, response.body());
  };
  page.on('response', note);
  await page.goto(url);
  await page.waitForLoadState('networkidle');
  page.off('response', note);
  const sizes = new Map<string, number>();
  for (const [path, body] of bodies) sizes.set(path, gzipSync(await body, { level: 9 }).length);
  return sizes;
}

/** An annotation that the summary prints. */
export const figure = (description: string) => ({ type: figureAnnotation, description });

export const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
