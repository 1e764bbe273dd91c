import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildCopiedSite, copySite } from './site-copy';

/** Parts of the site that it can be built without: their files in website/, and their lines in files of website/. */
const removableParts = {
  accounts: {
    files: ['src/components/HomeError'],
    lines: {
      'src/pages/index.tsx': [/^import HomeError .*\n/m, /<HomeError \/>/],
      'docusaurus.config.ts': [/\{ type: 'custom-xenonAccount'[^}]*\},?/, /^ *\['@xenon-auth\/docusaurus-theme'.*\n/m],
    },
  },
  search: {
    files: [
      ...['src/components/SearchDialog', 'src/components/SearchField', 'src/components/SearchResults'],
      ...['src/theme/SearchBar', 'src/theme/SearchPage', 'src/theme/Navbar/Search', 'src/theme/search.d.ts'],
    ],
    lines: {
      'docusaurus.config.ts': [/\{ type: 'search'[^}]*\},?/, /^ *\['@easyops-cn\/docusaurus-search-local'.*\n/m],
    },
  },
} as const;

/**
 * Builds the site again without a part. A test compares the size of the scripts of this site with those of the real
 * site. Returns a directory in which `xenon dev` serves this site, and a function that removes the directory.
 */
export function buildSiteWithout(part: keyof typeof removableParts): {
  readonly dir: string;
  readonly remove: () => void;
} {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-without-'));
  const site = path.join(dir, 'website');
  copySite(dir);
  for (const name of removableParts[part].files) rmSync(path.join(site, name), { recursive: true });
  for (const [name, patterns] of Object.entries(removableParts[part].lines)) {
    const file = path.join(site, name);
    const rest = removeMatches(readFileSync(file, 'utf8'), patterns);
    // Without the accounts, links of the home page lead to no page.
    writeFileSync(file, rest.replace("onBrokenLinks: 'throw'", "onBrokenLinks: 'ignore'"));
  }
  buildCopiedSite(dir);
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Removes one match of each pattern. */
function removeMatches(text: string, patterns: readonly RegExp[]): string {
  return patterns.reduce((rest, pattern) => {
    if (!pattern.test(rest)) throw new Error(`no match of ${pattern} in the site: adapt buildSiteWithout`);
    return rest.replace(pattern, '');
  }, text);
}
