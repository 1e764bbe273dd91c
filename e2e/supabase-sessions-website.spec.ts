import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { buildBridgeSite } from './harness/bridge-site';
import { buildTimeoutMs } from './harness/feature-site';
import { waitUntilSignedIn } from './harness/forms';
import { getSessionEmail, registerElsewhere } from './harness/people';
import { sharedServer } from './harness/setup';
import { bridgeSettings, storedNames } from './harness/supabase';
import { makeOldSite } from './harness/supabase-stand-in';
import { expect, test } from './harness/test';
import { loadAndMeasureScripts, measurementNote } from './harness/vitals';
import { repositoryRoot } from './harness/xenon';

const maxScriptBytes = 2_500; // gzipped bytes of scripts that the setting may add to a page

/** The name of an entry of sessionStorage. Only the code for sessions of Supabase has it. */
const markerOfTheCode = 'xenon.supabase-second-factor';

/** The scripts of a built site, in `dir`, that have the code for sessions of Supabase. */
function scriptsWithTheCode(dir: string): string[] {
  const scripts = path.join(dir, 'website/build/assets/js');
  const names = readdirSync(scripts).filter((name) => name.endsWith('.js'));
  expect(names.length, `number of scripts in ${scripts}`).toBeGreaterThan(0);
  return names.filter((name) => readFileSync(path.join(scripts, name), 'utf8').includes(markerOfTheCode));
}

test(
  "Xenon's site signs in with sessions of Supabase only with the setting, which adds at most 2.5 kB of scripts",
  {
    tag: '@once',
  },
  async ({ page, context, openAnotherContext, startServer, checkPageState }, info) => {
    test.setTimeout(buildTimeoutMs);
    const { dir, remove } = buildBridgeSite();
    try {
      expect(scriptsWithTheCode(repositoryRoot), 'scripts with the code, without the setting').toEqual([]);
      expect(scriptsWithTheCode(dir), 'scripts with the code, with the setting').toHaveLength(1);

      const { origin } = await startServer(bridgeSettings, [], dir);
      const measuredPage = await (await openAnotherContext()).newPage();
      const measure = async (url: string) =>
        [...(await loadAndMeasureScripts(measuredPage, url)).values()].reduce((sum, size) => sum + size, 0);
      const [before, after] = [await measure(`${sharedServer().origin}/docs/`), await measure(`${origin}/docs/`)];
      info.annotations.push(
        measurementNote(`/docs/: ${before} gzipped bytes of scripts without SUPABASE_BRIDGE, ${after} with it`),
      );
      expect(after - before, 'gzipped bytes that the setting adds').toBeGreaterThan(0);
      expect(after - before, 'gzipped bytes that the setting adds').toBeLessThanOrEqual(maxScriptBytes);

      const person = await registerElsewhere(context, origin);
      await makeOldSite().signIn(page, origin, 'ssr', person);
      await page.goto(`${origin}/docs/`);
      await waitUntilSignedIn(page);
      await checkPageState(page, 'after-supabase');
      expect(await getSessionEmail(context, origin)).toBe(person.email);
      expect(await storedNames(page)).toEqual([]);
    } finally {
      remove();
    }
  },
);
