// @vitest-environment node
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  formatLicences,
  isAllowed,
  type PackageLicence,
  packageFolderOf,
  parseLicences,
  readLicence,
} from './licences';

const site = path.resolve(import.meta.dirname, '..');
const root = path.resolve(site, '..');

/** Licences that require at most that their text is distributed with the code. */
const permissiveLicences = [
  ...['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0'],
  ...['Unlicense', 'CC0-1.0', 'OFL-1.1'],
];

/**
 * Licences allowed for build tools, whose code is not published. MPL-2.0 is the licence of Lightning CSS, MPL-1.1 that
 * of lunr-languages, which the search plugin loads for sites in other languages than English.
 */
const allowedForBuild = [...permissiveLicences, 'MPL-2.0', 'MPL-1.1', 'CC-BY-4.0', 'Python-2.0'];

/** The licences of packages that name their licence only in the readme, not in package.json. */
const licencesInReadmes: Readonly<Record<string, string>> = { 'require-like 0.1.2': 'MIT' };

test('R59: every package of the build has an allowed licence', () => {
  const all = lockedPackages();
  expect(all.length).toBeGreaterThan(500);
  const licenceOf = ({ name, version, licence }: PackageLicence) => licencesInReadmes[`${name} ${version}`] ?? licence;
  expect(all.filter((part) => !isAllowed(licenceOf(part), allowedForBuild))).toEqual([]);
});

test('R59: every published package has a permissive licence, its text is published, and the manual lists it', async () => {
  const file = readFileSync(path.join(site, 'build/licences.txt'), 'utf8'); // make test-site builds the site first
  const parts = parseLicences(file);
  const some = ['react', 'better-auth', 'nanostores', 'infima']; // modules, alone or concatenated; a style sheet
  expect(parts.map(({ name }) => name)).toEqual(expect.arrayContaining(some));
  expect(parts.filter(({ licence }) => !isAllowed(licence, permissiveLicences))).toEqual([]);
  await expect(manualPage(parts)).toMatchFileSnapshot('../../docs/licences-site.md'); // `make manual` updates it
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
  expect(isAllowed(expression, permissiveLicences)).toBe(want);
});

test.each([
  ['/site/node_modules/react/cjs/react.production.js', '/site/node_modules/react'],
  ['/site/node_modules/@mdx-js/react/lib/index.js', '/site/node_modules/@mdx-js/react'],
  ['/site/node_modules/a/node_modules/b/index.js', '/site/node_modules/a/node_modules/b'],
  ['/site/src/pages/index.tsx', undefined],
])('%s is a file of the package %s', (file, want) => {
  expect(packageFolderOf(file)).toBe(want);
});

test('parseLicences returns the packages of formatLicences', () => {
  const part = { name: '@x/y', version: '1.0.0', licence: '(MIT OR ISC)' };
  expect(parseLicences(formatLicences([{ ...part, text: 'Permission is hereby granted\n\n---' }]))).toEqual([part]);
});

/**
 * The packages of the lock file of all workspaces, without development dependencies. Some are for other platforms and
 * not installed.
 */
function lockedPackages(): PackageLicence[] {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const entries: [string, { dev?: boolean; link?: boolean; version: string; license?: string }][] = Object.entries(
    lock.packages,
  );
  return entries
    .filter(([folder, { dev, link }]) => folder.includes('node_modules') && !dev && !link)
    .map(([folder, { version, license }]) =>
      existsSync(path.join(root, folder, 'package.json'))
        ? readLicence(path.join(root, folder))
        : { name: folder, version, licence: license ?? 'none' },
    );
}

function manualPage(parts: readonly PackageLicence[]): string {
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
