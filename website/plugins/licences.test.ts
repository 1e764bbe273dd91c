// @vitest-environment node
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isAllowed, type Part, packageOf, partIn, read, write } from './licences';

const site = path.resolve(import.meta.dirname, '..');

/** Licences that require at most that their text is distributed with the code. */
const permissive = [
  ...['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0'],
  ...['Unlicense', 'CC0-1.0', 'OFL-1.1'],
];

/** Licences also allowed for build tools, of which nothing is published. MPL-2.0 is for Lightning CSS. */
const atBuild = [...permissive, 'MPL-2.0', 'CC-BY-4.0', 'Python-2.0'];

/** The licences of packages that name theirs only in the readme. */
const readmes: Readonly<Record<string, string>> = { 'require-like 0.1.2': 'MIT' };

test('R59: every package of the build has an allowed licence', () => {
  const all = locked();
  expect(all.length).toBeGreaterThan(500);
  const licenceOf = ({ name, version, licence }: Part) => readmes[`${name} ${version}`] ?? licence;
  expect(all.filter((part) => !isAllowed(licenceOf(part), atBuild))).toEqual([]);
});

test('R59: every published package has a permissive licence, its text is published, and the manual lists it', async () => {
  const file = readFileSync(path.join(site, 'build/licences.txt'), 'utf8'); // make test-site builds the site first
  const parts = read(file);
  const some = ['react', 'better-auth', 'nanostores', 'infima']; // own modules, concatenated modules, style sheets
  expect(parts.map(({ name }) => name)).toEqual(expect.arrayContaining(some));
  expect(parts.filter(({ licence }) => !isAllowed(licence, permissive))).toEqual([]);
  await expect(page(parts)).toMatchFileSnapshot('../../docs/licences-site.md'); // `make manual` updates it
});

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0-only)', true],
  ['Apache-2.0 AND MIT', true],
  ['MIT AND GPL-3.0-only', false],
  ['GPL-3.0-only', false],
  ['SEE LICENSE IN LICENSE', false],
  ['none', false],
])('%s is allowed: %s', (expression, want) => {
  expect(isAllowed(expression, permissive)).toBe(want);
});

test.each([
  ['/site/node_modules/react/cjs/react.production.js', '/site/node_modules/react'],
  ['/site/node_modules/@mdx-js/react/lib/index.js', '/site/node_modules/@mdx-js/react'],
  ['/site/node_modules/a/node_modules/b/index.js', '/site/node_modules/a/node_modules/b'],
  ['/site/src/pages/index.tsx', undefined],
])('%s belongs to %s', (file, want) => {
  expect(packageOf(file)).toBe(want);
});

test('read returns the packages that write has written', () => {
  const part = { name: '@x/y', version: '1.0.0', licence: '(MIT OR ISC)' };
  expect(read(write([{ ...part, text: 'Permission is hereby granted\n\n---' }]))).toEqual([part]);
});

/** The packages of the lock file, without development dependencies. Some are for other platforms and not installed. */
function locked(): Part[] {
  const lock = JSON.parse(readFileSync(path.join(site, 'package-lock.json'), 'utf8'));
  const entries: [string, { dev?: boolean; version: string; license?: string }][] = Object.entries(lock.packages);
  return entries
    .filter(([folder, { dev }]) => folder !== '' && !dev)
    .map(([folder, { version, license }]) =>
      existsSync(path.join(site, folder, 'package.json'))
        ? partIn(path.join(site, folder))
        : { name: folder, version, licence: license ?? 'none' },
    );
}

function page(parts: readonly Part[]): string {
  const rows = parts.map(({ name, version, licence }) => `| \`${name}\` | ${version} | ${licence} |\n`);
  return `# Licences of the site

Third-party packages that the site sends to a browser, with their licences. The texts are in \`licences.txt\` of the
built site.

\`make manual\` writes this page. A test fails when a package is missing here, or when a package of the site or of its
build has a licence that is not allowed.

| package | version | licence |
|---|---|---|
${rows.join('')}`;
}
