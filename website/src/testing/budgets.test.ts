import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { parse } from 'parse5';
import { expect, it } from 'vitest';

// The maximum size of a page in kB: HTML, styles, font and scripts, compressed as `xenon dev` compresses them. A
// browser loads them before the page reacts to clicks. e2e/budgets.spec.ts has the parts of authentication and of the
// search. If you raise a number, run `make lighthouse`, too.
const budgets = {
  '/': 218,
  '/docs/': 231,
  '/docs/events/': 231,
  '/login/': 192,
  '/register/': 191,
  '/profile/': 197,
  '/account/': 201,
};

const site = path.resolve(import.meta.dirname, '../..');
const readJSON = (file: string): unknown => JSON.parse(readFileSync(path.join(site, '.docusaurus', file), 'utf8'));
const routes = readJSON('routesChunkNames.json') as Record<string, ChunkNames>;
const manifest = readJSON('client-manifest.json') as {
  /** The ids of the chunks that a chunk needs, and its own, by the name of the chunk. */
  readonly origins: Record<string, readonly string[]>;
  readonly assets: Record<string, { readonly js?: readonly { readonly file: string }[] }>;
};

/** The chunks of a route: a name, or an object or a list of them. */
type ChunkNames = string | readonly ChunkNames[] | { readonly [prop: string]: ChunkNames };

interface Element {
  readonly tagName?: string;
  readonly attrs?: readonly { readonly name: string; readonly value: string }[];
  readonly childNodes?: readonly Element[];
}

for (const [page, budget] of Object.entries(budgets)) {
  it(`${page} has at most ${budget} kB`, () => {
    const files = filesOf(page);
    const sizes = Object.fromEntries([...files].map((file) => [file, sizeOf(file)]));
    const all = Object.values(sizes).reduce((sum, size) => sum + size, 0) / 1000;
    expect(all, JSON.stringify(sizes, null, 2)).toBeLessThanOrEqual(budget);
  });
}

/** The files of the build that a page loads at once. */
function filesOf(page: string): Set<string> {
  const html = `${page.slice(1)}index.html`;
  const files = new Set([html]);
  for (const element of walk(parse(readFileSync(path.join(site, 'build', html), 'utf8')) as Element)) {
    const url = urlOf(element);
    if (url) files.add(url.slice(1));
  }
  for (const name of chunksOf(page)) {
    for (const id of manifest.origins[name] ?? []) {
      for (const { file } of manifest.assets[id]?.js ?? []) files.add(file);
    }
  }
  return files;
}

function* walk(element: Element): Generator<Element> {
  yield element;
  for (const child of element.childNodes ?? []) yield* walk(child);
}

/** The URL of a script, stylesheet or preloaded font. */
function urlOf({ tagName, attrs = [] }: Element): string | undefined {
  const attribute = (name: string) => attrs.find((one) => one.name === name)?.value;
  if (tagName === 'script') return attribute('src');
  const isLoaded = attribute('rel') === 'stylesheet' || (attribute('rel') === 'preload' && attribute('as') === 'font');
  return tagName === 'link' && isLoaded ? attribute('href') : undefined;
}

/** The names of the chunks of a page's route, and of the routes around it, such as /docs. */
function chunksOf(page: string): Set<string> {
  const names = new Set<string>();
  for (const [key, chunks] of Object.entries(routes)) {
    const route = key.slice(0, key.lastIndexOf('-')); // the key ends with a hash
    if (route === page || (route !== '/' && `${route}/` !== page && page.startsWith(`${route}/`)))
      for (const name of namesIn(chunks)) names.add(name);
  }
  expect(names, `chunks of ${page}`).not.toEqual(new Set());
  return names;
}

function namesIn(chunks: ChunkNames): readonly string[] {
  return typeof chunks === 'string' ? [chunks] : Object.values(chunks).flatMap(namesIn);
}

/** The size of a file, compressed unless it is a font, which is compressed already. */
function sizeOf(file: string): number {
  expect(existsSync(path.join(site, 'build', file)), `${file} is in the build`).toBe(true);
  const body = readFileSync(path.join(site, 'build', file));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
  return file.endsWith('.woff2') ? body.length : brotliCompressSync(body, { params }).length;
}
