import type { Page } from '@playwright/test';

import { sharedServer } from './harness/setup';
import { buildSiteWithout } from './harness/smaller-site';

import { expect, test } from './harness/test';
import {
  formatKilobytes,
  loadAndMeasureScripts,
  measurementNote,
  startMeasuringVitals,
  type Vitals,
} from './harness/vitals';

const maxFormPageScriptBytes = 35_000; // gzipped bytes of scripts that a page with forms may add to those of the manual
const maxManualScriptBytes = 18_000; // gzipped bytes of scripts that authentication may add to a page of the manual
const maxSearchScriptBytes = 2_000; // gzipped bytes of scripts that the search may add to a page before it is used
const chapters = ['/docs/', '/docs/api/errors/', '/docs/security/'];
const totalSize = (sizes: Map<string, number>) => [...sizes.values()].reduce((all, one) => all + one, 0);
const median = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

/** The size of the scripts that the page's HTML references. The page is interactive only after they are loaded. */
async function measureInitialScripts(page: Page, url: string, sizes: Map<string, number>): Promise<number> {
  const html = await (await page.request.get(url)).text();
  return totalSize(new Map([...sizes].filter(([path]) => html.includes(path))));
}

test(
  'on pages of the manual, authentication adds at most 18 kB of scripts and no layout shift',
  { tag: '@once' },
  async ({ page, startServer }, info) => {
    test.setTimeout(300_000);
    const bare = buildSiteWithout('accounts');
    try {
      const originWithout = (await startServer({}, [], bare.dir)).origin;
      const readVitals = await startMeasuringVitals(page);
      for (const chapter of chapters) {
        const [withAccounts, bareScripts] = [
          await loadAndMeasureScripts(page, sharedServer().origin + chapter),
          await loadAndMeasureScripts(page, originWithout + chapter),
        ];
        const extraBytes = totalSize(withAccounts) - totalSize(bareScripts);
        expect(extraBytes, `bytes of scripts that authentication adds to ${chapter}`).toBeLessThanOrEqual(
          maxManualScriptBytes,
        );
        expect(extraBytes, 'bytes of scripts that only the site with accounts has').toBeGreaterThan(0);
        const initial =
          (await measureInitialScripts(page, sharedServer().origin + chapter, withAccounts)) -
          (await measureInitialScripts(page, originWithout + chapter, bareScripts));
        info.annotations.push(
          measurementNote(
            `${chapter}: ${formatKilobytes(totalSize(bareScripts))} of scripts without accounts, ` +
              `${formatKilobytes(extraBytes)} more with them (${formatKilobytes(initial)} of it in the HTML of the page)`,
          ),
        );

        const measured: Record<'with' | 'without', Vitals[]> = { with: [], without: [] };
        for (let i = 0; i < 5; i++) {
          for (const [which, origin] of [
            ['with', sharedServer().origin],
            ['without', originWithout],
          ] as const) {
            await page.goto(origin + chapter);
            await page.waitForLoadState('networkidle');
            measured[which].push(await readVitals());
          }
        }
        for (const which of ['with', 'without'] as const) {
          const medianOf = (name: 'shift' | 'painted' | 'blocked') => median(measured[which].map((one) => one[name]));
          expect(Math.max(...measured[which].map(({ shift }) => shift)), chapter).toBeLessThan(0.02);
          info.annotations.push(
            measurementNote(
              `${chapter} ${which} accounts: CLS ${medianOf('shift').toFixed(4)}, ` +
                `LCP ${medianOf('painted').toFixed(0)} ms, TBT ${medianOf('blocked').toFixed(0)} ms`,
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
  async ({ page, startServer }, info) => {
    test.setTimeout(300_000);
    const bare = buildSiteWithout('search');
    try {
      const originWithout = (await startServer({}, [], bare.dir)).origin;
      // Only scripts that the HTML references are counted: on a busy machine, others may load too late to be measured.
      // search.spec.ts tests that the search loads no script before it is used.
      const initialSize = async (url: string) =>
        measureInitialScripts(page, url, await loadAndMeasureScripts(page, url));
      for (const path of ['/', ...chapters]) {
        const size = await initialSize(sharedServer().origin + path);
        const extraBytes = size - (await initialSize(originWithout + path));
        info.annotations.push(
          measurementNote(
            `${path}: ${formatKilobytes(extraBytes)} of ${formatKilobytes(size)} of scripts in the HTML are for the search`,
          ),
        );
        expect(extraBytes, `bytes of scripts that the search adds to ${path}`).toBeLessThanOrEqual(
          maxSearchScriptBytes,
        );
        expect(extraBytes, 'bytes of scripts that only the site with the search has').toBeGreaterThan(0);
      }
    } finally {
      bare.remove();
    }
  },
);

for (const path of ['/login/', '/register/', '/profile/', '/account/']) {
  test(`${path} loads no more than 35 kB beyond the manual`, { tag: '@once' }, async ({ page }, info) => {
    const manual = await loadAndMeasureScripts(page, '/docs/');
    const own = await loadAndMeasureScripts(page, path);
    const extraBytes = [...own].filter(([script]) => !manual.has(script)).reduce((all, [, size]) => all + size, 0);
    info.annotations.push(
      measurementNote(`${path}: ${formatKilobytes(extraBytes)} of scripts in addition to those of the manual`),
    );
    expect(extraBytes, `bytes of scripts that ${path} loads in addition to the manual`).toBeLessThanOrEqual(
      maxFormPageScriptBytes,
    );
    expect(extraBytes, `bytes of scripts that only ${path} loads`).toBeGreaterThan(0);
  });
}
