import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repositoryRoot } from './xenon';

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
  const from = path.join(repositoryRoot, 'website');
  const site = path.join(dir, 'website');
  const generated = ['node_modules', 'build', '.docusaurus'].map((name) => path.join(from, name));
  cpSync(from, site, { recursive: true, filter: (source) => !generated.includes(source) });
  // A copy of docs/, not a link: Docusaurus uses real paths.
  cpSync(path.join(repositoryRoot, 'docs'), path.join(dir, 'docs'), { recursive: true });
  // The pages link to files of the repository, and the build checks that these exist. The workspaces have their
  // dependencies in the root.
  for (const name of readdirSync(repositoryRoot))
    if (!name.startsWith('.') && !['docs', 'website'].includes(name))
      symlinkSync(path.join(repositoryRoot, name), path.join(dir, name));
  for (const name of removableParts[part].files) rmSync(path.join(site, name), { recursive: true });
  for (const [name, patterns] of Object.entries(removableParts[part].lines)) {
    const file = path.join(site, name);
    const rest = removeMatches(readFileSync(file, 'utf8'), patterns);
    // Without the accounts, links of the home page lead to no page.
    writeFileSync(file, rest.replace("onBrokenLinks: 'throw'", "onBrokenLinks: 'ignore'"));
  }
  // If the build fails, the error contains its output.
  execFileSync(path.join(repositoryRoot, 'node_modules/.bin/docusaurus'), ['build'], { cwd: site, stdio: 'pipe' });
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Removes one match of each pattern. */
function removeMatches(text: string, patterns: readonly RegExp[]): string {
  return patterns.reduce((rest, pattern) => {
    if (!pattern.test(rest)) throw new Error(`no match of ${pattern} in the site: adapt buildSiteWithout`);
    return rest.replace(pattern, '');
  }, text);
}
