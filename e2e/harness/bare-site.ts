import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './xenon';

/**
 * Builds the site once more without any authentication: no provider, no account slot, no page that needs them. What it
 * loads is what a reader of the manual would load if there were no accounts. Returns a folder to run `xenon dev` in.
 */
export function buildBareSite(): { readonly dir: string; readonly remove: () => void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-bare-'));
  const from = path.join(root, 'website');
  const site = path.join(dir, 'website');
  const made = ['node_modules', 'build', '.docusaurus'].map((name) => path.join(from, name));
  cpSync(from, site, { recursive: true, filter: (source) => !made.includes(source) });
  symlinkSync(path.join(from, 'node_modules'), path.join(site, 'node_modules'));
  cpSync(path.join(root, 'docs'), path.join(dir, 'docs'), { recursive: true }); // Docusaurus knows a page by its real path
  symlinkSync(path.join(root, 'template.yaml'), path.join(dir, 'template.yaml'));
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
    throw new Error('docusaurus.config.ts is not what it was');
  writeFileSync(config, bare);
  execFileSync(path.join(site, 'node_modules/.bin/docusaurus'), ['build'], { cwd: site, stdio: 'pipe' }); // throws with what it said
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
