import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repositoryRoot } from './xenon';

/**
 * Builds the site again without authentication: without the theme and its item in the navigation bar. A test compares
 * the size of the scripts of this site with those of the real site. Returns a directory in which `xenon dev` serves
 * this site, and a function that removes the directory.
 */
export function buildBareSite(): { readonly dir: string; readonly remove: () => void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-bare-'));
  const from = path.join(repositoryRoot, 'website');
  const site = path.join(dir, 'website');
  const generated = ['node_modules', 'build', '.docusaurus'].map((name) => path.join(from, name));
  cpSync(from, site, { recursive: true, filter: (source) => !generated.includes(source) });
  cpSync(path.join(repositoryRoot, 'docs'), path.join(dir, 'docs'), { recursive: true }); // no link: Docusaurus uses real paths
  // The pages link to files of the repository, and the build checks that these exist. The workspaces have their
  // dependencies in the root.
  for (const name of readdirSync(repositoryRoot))
    if (!name.startsWith('.') && !['docs', 'website'].includes(name))
      symlinkSync(path.join(repositoryRoot, name), path.join(dir, name));
  rmSync(path.join(site, 'src/components/HomeError'), { recursive: true }); // it uses the theme

  const home = path.join(site, 'src/pages/index.tsx');
  writeFileSync(home, removeMatches(readFileSync(home, 'utf8'), [/^import HomeError .*\n/m, /<HomeError \/>/]));
  const config = path.join(site, 'docusaurus.config.ts');
  const bare = removeMatches(readFileSync(config, 'utf8'), [
    /\{ type: 'custom-xenonAccount'[^}]*\},?/,
    /^ *\['@xenon-auth\/docusaurus-theme'.*\n/m,
  ]);
  writeFileSync(config, bare.replace("onBrokenLinks: 'throw'", "onBrokenLinks: 'ignore'"));
  // If the build fails, the error contains its output.
  execFileSync(path.join(repositoryRoot, 'node_modules/.bin/docusaurus'), ['build'], { cwd: site, stdio: 'pipe' });
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Removes one match of each pattern. */
function removeMatches(text: string, patterns: readonly RegExp[]): string {
  return patterns.reduce((rest, pattern) => {
    if (!pattern.test(rest)) throw new Error(`no match of ${pattern} in the site: adapt buildBareSite`);
    return rest.replace(pattern, '');
  }, text);
}
