import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { measurementAnnotation } from './states';

/** The metrics of a page, as Lighthouse defines them. */
export interface Vitals {
  /** CLS: the cumulative layout shift, without shifts of the manual's menu after a click. */
  readonly shift: number;
  /** What moved: for each shift its value, the time, the page, and the elements with their old and new rectangles. */
  readonly shifts: readonly string[];
  /** LCP: when the largest element was painted, in ms since the start of the navigation. */
  readonly painted: number;
  /** TBT: how long the main thread was blocked, in ms. */
  readonly blocked: number;
}

/** An element that moved in a layout shift. */
interface ShiftSource {
  readonly node: Node | null;
  readonly previousRect: DOMRectReadOnly;
  readonly currentRect: DOMRectReadOnly;
}

/** The fields that layout shifts have and TypeScript's DOM library does not. */
interface LayoutShiftEntry extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly ShiftSource[];
}

/** Measures the pages that are loaded from now on. The returned function reads the metrics of the current page. */
export async function startMeasuringVitals(page: Page): Promise<() => Promise<Vitals>> {
  await page.addInitScript(() => {
    let clicked = false;
    addEventListener(
      'click',
      () => {
        clicked = true;
      },
      { capture: true },
    );
    const vitals = { shift: 0, shifts: [] as string[], painted: 0, blocked: 0 };
    Object.assign(window, { vitals });
    const elementOf = ({ node }: ShiftSource) => (node instanceof Element ? node : node?.parentElement);
    const formatRectangle = (r: DOMRectReadOnly) => `${[r.x, r.y, r.width, r.height].map(Math.round)}`;
    const describe = (source: ShiftSource) =>
      `${elementOf(source)?.outerHTML.slice(0, 80)} ${formatRectangle(source.previousRect)} -> ${formatRectangle(source.currentRect)}`;
    // A click on a link opens and closes categories of the manual's menu. The browser does not count a shift in the
    // half second after an input, but on a slow machine the menu moves later.
    const isMenu = (source: ShiftSource) => Boolean(elementOf(source)?.closest('.theme-doc-sidebar-menu'));
    const isOnlyMenu = (sources: readonly ShiftSource[]) => sources.length > 0 && sources.every(isMenu);
    const observeEntries = (type: string, note: (entry: LayoutShiftEntry) => void) =>
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) note(entry as LayoutShiftEntry);
      }).observe({ type, buffered: true });
    observeEntries('layout-shift', (entry) => {
      if (entry.hadRecentInput || (clicked && isOnlyMenu(entry.sources))) return;
      vitals.shift += entry.value;
      const moved = entry.sources.map(describe).join('; ');
      vitals.shifts.push(
        `${entry.value.toFixed(4)} at ${entry.startTime.toFixed()} ms on ${location.pathname}: ${moved}`,
      );
    });
    observeEntries('largest-contentful-paint', (entry) => {
      vitals.painted = entry.startTime;
    });
    observeEntries('longtask', (entry) => {
      vitals.blocked += Math.max(0, entry.duration - 50);
    });
  });
  return () => page.evaluate(() => (window as unknown as { vitals: Vitals }).vitals);
}

/** Loads a page and returns the size of each of its scripts in gzipped bytes, by path. */
export async function loadAndMeasureScripts(page: Page, url: string): Promise<Map<string, number>> {
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
export const measurementNote = (description: string) => ({ type: measurementAnnotation, description });

export const formatKilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
