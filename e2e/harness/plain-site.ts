import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { ref } from './supabase';
import { repositoryRoot } from './xenon';

/** The script of the theme's package for sites without a bundler. */
const script = 'supabase-sessions.min.js';

/** A site without a bundler that signs people in with sessions of Supabase. docs/supabase-sessions.md describes it. */
export interface PlainSite {
  readonly dir: string;
  readonly remove: () => void;
}

/**
 * Makes the site. `clients` is the script with the packages of Supabase. /with-client.html creates a client of Supabase
 * at a URL after the sign-in.
 */
export function makePlainSite(clients: string, projectURL: string): PlainSite {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-plain-site-'));
  copyFileSync(path.join(repositoryRoot, 'packages/docusaurus-theme/lib', script), path.join(dir, script));
  const write = (name: string, text: string) => writeFileSync(path.join(dir, name), text);
  write('clients.js', clients);
  write('page.js', `xenonSupabase.then(({ status }) => { document.querySelector('output').textContent = status; });`);
  write(
    'with-client.js',
    `xenonSupabase.then(async ({ status }) => {
      const found = (await clients.hasSession('${projectURL}')) ? 'has a session' : 'has no session';
      document.querySelector('output').textContent = status + ', the client ' + found;
    });`,
  );
  write('index.html', pageWith('page.js'));
  write('second-factor.html', pageWith('page.js'));
  write('with-client.html', pageWith('clients.js', 'with-client.js'));
  return { dir, remove: () => rmSync(dir, { recursive: true }) };
}

/** A page with the script of the package, before all others. */
function pageWith(...scripts: string[]): string {
  return `<!doctype html>
<html lang="en">
  <title>A site without a bundler</title>
  <meta name="viewport" content="width=device-width">
  <link rel="icon" href="data:,">
  <script src="/${script}" data-ref="${ref}" data-second-factor-page="/second-factor.html"></script>
  ${scripts.map((name) => `<script src="/${name}" defer></script>`).join('\n  ')}
  <main>
    <h1>A site without a bundler</h1>
    <output></output>
  </main>
</html>
`;
}

/** The result of the script on a page of the site. */
export const statusOf = (page: Page) => page.getByRole('status');
