import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from './xenon';

/** Copies the source of the site and of the manual into a directory, so that a test can change and build it. */
export function copySite(dir: string): void {
  const from = path.join(repositoryRoot, 'website');
  const generated = ['node_modules', 'build', '.docusaurus'].map((name) => path.join(from, name));
  const site = path.join(dir, 'website');
  cpSync(from, site, { recursive: true, filter: (source) => !generated.includes(source) });
  // A copy of docs/, not a link: Docusaurus uses real paths.
  cpSync(path.join(repositoryRoot, 'docs'), path.join(dir, 'docs'), { recursive: true });
  // The pages link to files of the repository, and the build checks that these exist. The workspaces have their
  // dependencies in the root.
  for (const name of readdirSync(repositoryRoot))
    if (!name.startsWith('.') && !['docs', 'website'].includes(name))
      symlinkSync(path.join(repositoryRoot, name), path.join(dir, name));
}

/** Builds a copied site. If the build fails, the error contains its output. */
export function buildCopiedSite(dir: string, env: Readonly<Record<string, string>> = {}): void {
  execFileSync(path.join(repositoryRoot, 'node_modules/.bin/docusaurus'), ['build'], {
    cwd: path.join(dir, 'website'),
    env: { ...process.env, ...env },
    stdio: 'pipe',
  });
}
