import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { repositoryRoot } from './xenon';

const themeDir = path.join(repositoryRoot, 'packages/docusaurus-theme');
// Below the theme, so that the sites find Docusaurus in the node_modules of the repository.
const stockSitesDir = path.join(themeDir, '.stock');

// The changes that docs/your-site.md describes: `line` is inserted before the text `before` of the template.
const docusaurusConfigChanges = [
  { before: '  presets: [\n', line: "  themes: ['@xenon-auth/docusaurus-theme'],\n" },
  {
    before: "        {\n          type: 'docSidebar',\n",
    line: "        {type: 'custom-xenonAccount', position: 'right'},\n",
  },
];

/** A page of the site with content for people who are signed in. */
const protectedPageSource = `import Protected from '@theme/XenonRequireAuth';

# Members

<Protected>Welcome to the members.</Protected>
`;

/** A Root component of the site itself. The theme must work beside it. */
const ownRootComponentSource = `export default function Root({children}) {
  return <div data-own-root>{children}</div>;
}
`;

interface BuildOptions {
  readonly hasOwnRoot?: boolean;
  /** The options of the theme. */
  readonly theme?: Readonly<Record<string, unknown>>;
}

export interface StockSite {
  /** The folder of the site. */
  readonly dir: string;
  /** The lines that were added to docusaurus.config.ts. */
  readonly addedLines: number;
  /** Builds the site and returns the folder with its files. */
  readonly build: (baseUrl: string, options?: BuildOptions) => string;
  readonly remove: () => void;
}

/**
 * Makes a site with create-docusaurus in a folder with this name. It installs the package of the theme as npm would: it
 * extracts the tarball of npm pack. The site's other dependencies are those of the repository.
 */
export function makeStockSite(name: string): StockSite {
  const parent = path.join(stockSitesDir, name);
  rmSync(parent, { recursive: true, force: true });
  mkdirSync(parent, { recursive: true });
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: parent, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const create = path.join(repositoryRoot, 'node_modules/create-docusaurus/bin/index.js');
  run('node', create, 'site', 'classic', '--typescript', '--skip-install', '--package-manager', 'npm');
  const site = path.join(parent, 'site');
  const installed = path.join(site, 'node_modules/@xenon-auth/docusaurus-theme');
  mkdirSync(installed, { recursive: true });
  const tarball = run('npm', 'pack', themeDir, '--silent', '--ignore-scripts').trim();
  run('tar', '-xzf', tarball, '-C', installed, '--strip-components', '1');

  const config = path.join(site, 'docusaurus.config.ts');
  const original = readFileSync(config, 'utf8');
  const changed = docusaurusConfigChanges.reduce((text, { before, line }) => {
    if (!text.includes(before)) throw new Error(`the template of create-docusaurus has no ${before}`);
    return text.replace(before, line + before);
  }, original);
  writeFileSync(path.join(site, 'docs/members.mdx'), protectedPageSource);
  const build = (baseUrl: string, { hasOwnRoot = false, theme: options = {} }: BuildOptions = {}) => {
    const entry = `[['@xenon-auth/docusaurus-theme', ${JSON.stringify(options)}]]`;
    const text = Object.keys(options).length > 0 ? changed.replace("['@xenon-auth/docusaurus-theme']", entry) : changed;
    writeFileSync(config, text.replace("baseUrl: '/'", `baseUrl: '${baseUrl}'`));
    mkdirSync(path.join(site, 'src/theme'), { recursive: true });
    if (hasOwnRoot) writeFileSync(path.join(site, 'src/theme/Root.tsx'), ownRootComponentSource);
    const out = path.join(parent, `build${baseUrl.replaceAll('/', '-')}`);
    // If the build fails, the error contains its output.
    execFileSync(path.join(repositoryRoot, 'node_modules/.bin/docusaurus'), ['build', '--out-dir', out], {
      cwd: site,
      stdio: 'pipe',
    });
    return out;
  };
  const countLines = (text: string) => text.split('\n').length;
  return {
    dir: site,
    addedLines: countLines(changed) - countLines(original),
    build,
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}

/** Serves the files of a built site under its base URL, as static hosts do. Returns the origin. */
export async function serveFiles(dir: string, baseUrl: string): Promise<{ origin: string; server: Server }> {
  const types: Record<string, string> = {
    html: 'text/html',
    js: 'text/javascript',
    css: 'text/css',
    svg: 'image/svg+xml',
  };
  const files = new Set(readdirSync(dir, { recursive: true, encoding: 'utf8' }));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const name = decodeURIComponent(pathname).replace(baseUrl, '').replace(/\/$/, '');
    const file = [name, path.join(name, 'index.html')].find(
      (one) => files.has(one) && statSync(path.join(dir, one)).isFile(),
    );
    const isFound = pathname.startsWith(baseUrl) && file !== undefined;
    const shown = isFound ? file : '404.html';
    response.writeHead(isFound ? 200 : 404, {
      'content-type': types[path.extname(shown).slice(1)] ?? 'application/octet-stream',
    });
    response.end(readFileSync(path.join(dir, shown)));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
