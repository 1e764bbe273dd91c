import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './xenon';

/**
 * Builds the site again without authentication: without the React context of the session (Root.tsx), the account menu
 * in the navigation bar, and all pages except the home page and the manual. A test compares the size of the scripts of
 * this site with those of the real site. Returns a directory in which `xenon dev` serves this site, and a function that
 * removes the directory.
 */
export function buildBareSite(): { readonly dir: string; readonly remove: () => void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-bare-'));
  const from = path.join(root, 'website');
  const site = path.join(dir, 'website');
  const generated = ['node_modules', 'build', '.docusaurus'].map((name) => path.join(from, name));
  cpSync(from, site, { recursive: true, filter: (source) => !generated.includes(source) });
  symlinkSync(path.join(from, 'node_modules'), path.join(site, 'node_modules'));
  cpSync(path.join(root, 'docs'), path.join(dir, 'docs'), { recursive: true }); // no link: Docusaurus uses real paths
  // The pages link to files of the repository, and the build checks that these exist.
  for (const name of readdirSync(root))
    if (!name.startsWith('.') && !['docs', 'website'].includes(name))
      symlinkSync(path.join(root, name), path.join(dir, name));
  for (const name of ['Root.tsx', 'NavbarItem']) rmSync(path.join(site, 'src/theme', name), { recursive: true });
  const pages = path.join(site, 'src/pages');
  for (const page of readdirSync(pages))
    if (!page.startsWith('index.')) rmSync(path.join(pages, page), { recursive: true });

  const config = path.join(site, 'docusaurus.config.ts');
  const text = readFileSync(config, 'utf8');
  const bare = text
    .replace(/\{ type: 'custom-account'[^}]*\},?/, '')
    .replace("onBrokenLinks: 'throw'", "onBrokenLinks: 'ignore'");
  if (bare.includes('custom-account') || !bare.includes("'ignore'"))
    throw new Error('docusaurus.config.ts has changed: adapt buildBareSite');
  writeFileSync(config, bare);
  // If the build fails, the error contains its output.
  execFileSync(path.join(site, 'node_modules/.bin/docusaurus'), ['build'], { cwd: site, stdio: 'pipe' });
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
