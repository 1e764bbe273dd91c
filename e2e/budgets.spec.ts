import type { Page } from '@playwright/test';

import { sharedServer } from './harness/setup';
import { buildSiteWithout } from './harness/smaller-site';

import { expect, test } from './harness/test';
import { formatKB, measurementNote, scriptsOf, startMeasuringVitals, type Vitals } from './harness/vitals';

const formPageBudget = 35_000; // gzipped bytes of scripts that a page with forms may add to those of the manual
const manualBudget = 18_000; // gzipped bytes of scripts that authentication may add to a page of the manual
const searchBudget = 2_000; // gzipped bytes of scripts that the search may add to a page before it is used
const chapters = ['/docs/', '/docs/api/errors/', '/docs/security/'];
const totalSize = (sizes: Map<string, number>) => [...sizes.values()].reduce((all, one) => all + one, 0);
const median = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

/** The size of the scripts that the HTML of the page references. The page is interactive only after they are loaded. */
async function sizeOfInitialScripts(page: Page, url: string, sizes: Map<string, number>): Promise<number> {
  const html = await (await page.request.get(url)).text();
  return totalSize(new Map([...sizes].filter(([path]) => html.includes(path))));
}

test(
  'on pages of the manual, authentication adds at most 18 kB of scripts and no layout shift',
  { tag: '@once' },
  async ({ page, start }, info) => {
    test.setTimeout(300_000);
    const bare = buildSiteWithout('accounts');
    try {
      const without = (await start({}, [], bare.dir)).origin;
      const readVitals = await startMeasuringVitals(page);
      for (const chapter of chapters) {
        const [withAccounts, bareScripts] = [
          await scriptsOf(page, sharedServer().origin + chapter),
          await scriptsOf(page, without + chapter),
        ];
        const more = totalSize(withAccounts) - totalSize(bareScripts);
        expect(more, `bytes of scripts that authentication adds to ${chapter}`).toBeLessThanOrEqual(manualBudget);
        expect(more, 'bytes of scripts that only the site with accounts has').toBeGreaterThan(0);
        const initial =
          (await sizeOfInitialScripts(page, sharedServer().origin + chapter, withAccounts)) -
          (await sizeOfInitialScripts(page, without + chapter, bareScripts));
        info.annotations.push(
          measurementNote(
            `${chapter}: ${formatKB(totalSize(bareScripts))} of scripts without accounts, ` +
              `${formatKB(more)} more with them (${formatKB(initial)} of it in the HTML of the page)`,
          ),
        );

        const measured: Record<'with' | 'without', Vitals[]> = { with: [], without: [] };
        for (let i = 0; i < 5; i++) {
          for (const [which, origin] of [
            ['with', sharedServer().origin],
            ['without', without],
          ] as const) {
            await page.goto(origin + chapter);
            await page.waitForLoadState('networkidle');
            measured[which].push(await readVitals());
          }
        }
        for (const which of ['with', 'without'] as const) {
          const of = (name: 'shift' | 'painted' | 'blocked') => median(measured[which].map((one) => one[name]));
          expect(Math.max(...measured[which].map(({ shift }) => shift)), chapter).toBeLessThan(0.02);
          info.annotations.push(
            measurementNote(
              `${chapter} ${which} accounts: CLS ${of('shift').toFixed(4)}, ` +
                `LCP ${of('painted').toFixed(0)} ms, TBT ${of('blocked').toFixed(0)} ms`,
            ),
          );
        }
      }
    } finally {
      bare.remove();
    }
  },
);

test(
  'before it is used, the search adds at most 2 kB of scripts to a page',
  { tag: '@once' },
  async ({ page, start }, info) => {
    test.setTimeout(300_000);
    const bare = buildSiteWithout('search');
    try {
      const without = (await start({}, [], bare.dir)).origin;
      // Scripts that the HTML does not reference may be late on a busy machine. That the search has none before it is
      // used, search.spec.ts tests.
      const initialSize = async (url: string) => sizeOfInitialScripts(page, url, await scriptsOf(page, url));
      for (const path of ['/', ...chapters]) {
        const size = await initialSize(sharedServer().origin + path);
        const more = size - (await initialSize(without + path));
        info.annotations.push(
          measurementNote(`${path}: ${formatKB(more)} of ${formatKB(size)} of scripts in the HTML are for the search`),
        );
        expect(more, `bytes of scripts that the search adds to ${path}`).toBeLessThanOrEqual(searchBudget);
        expect(more, 'bytes of scripts that only the site with the search has').toBeGreaterThan(0);
      }
    } finally {
      bare.remove();
    }
  },
);

for (const path of ['/login/', '/register/', '/profile/', '/account/']) {
  test(`${path} loads no more than 35 kB beyond the manual`, { tag: '@once' }, async ({ page }, info) => {
    const manual = await scriptsOf(page, '/docs/');
    const own = await scriptsOf(page, path);
    const more = [...own].filter(([script]) => !manual.has(script)).reduce((all, [, size]) => all + size, 0);
    info.annotations.push(measurementNote(`${path}: ${formatKB(more)} of scripts in addition to those of the manual`));
    expect(more, `bytes of scripts that ${path} loads in addition to the manual`).toBeLessThanOrEqual(formPageBudget);
    expect(more, `bytes of scripts that only ${path} loads`).toBeGreaterThan(0);
  });
}
