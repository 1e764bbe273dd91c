import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { LoadContext, Plugin } from '@docusaurus/types';
import type { Compiler, Module } from 'webpack';

/** A package and the licence that its package.json names: an SPDX expression, or "none". */
export type PackageLicence = { readonly name: string; readonly version: string; readonly licence: string };

/**
 * Writes licences.txt into the built site: every package whose code is published, with the text of its licence. Most
 * licences require that text with the code, and the minifier removes the comments that contain it.
 */
export default function licences({ siteDir }: LoadContext): Plugin {
  const folders = new Set<string>();
  return {
    name: 'licences',
    configureWebpack(_config, isServer) {
      if (isServer || process.env.NODE_ENV !== 'production') return {};
      const collect = (compiler: Compiler) =>
        compiler.hooks.done.tap('licences', ({ compilation: { modules, chunkGraph } }) => {
          for (const module of modules) {
            const published = chunkGraph.getModuleChunks(module).length > 0;
            for (const file of published ? filesOfModule(module) : []) {
              const folder = packageFolderOf(file);
              if (folder) folders.add(folder);
            }
          }
        });
      return { plugins: [{ apply: collect }] };
    },
    postBuild({ outDir }) {
      if (folders.size === 0) throw new Error('licences: found no package in the built site, want at least one');
      const resolve = createRequire(path.join(siteDir, 'package.json')).resolve;
      folders.add(path.dirname(resolve('@rspack/core/package.json'))); // its runtime code is part of every page
      const all = [...folders].map((folder) => ({ ...readLicence(folder), text: readLicenceText(folder) }));
      const fonts = path.join(siteDir, 'src/fonts');
      all.push({ name: 'hanken-grotesk.woff2', version: '-', licence: 'OFL-1.1', text: readLicenceText(fonts) });
      writeFileSync(path.join(outDir, 'licences.txt'), formatLicences(all));
    },
  };
}

/** The source files of a module. The bundler may have concatenated several files into one module. */
function filesOfModule(module: Module & { readonly modules?: Iterable<Module> }): string[] {
  return [module, ...(module.modules ?? [])].flatMap((one) => one.nameForCondition() ?? []);
}

/** The folder of the package that contains a file; undefined for a file of the site itself. */
export function packageFolderOf(file: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+/.exec(file)?.[0];
}

/** Reads name, version and licence from the package.json in a folder. */
export function readLicence(folder: string): PackageLicence {
  const { name, version, license, licenses } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const named: unknown[] = [license, licenses].flat().map((one) => one?.type ?? one);
  const licence = named.filter((one) => typeof one === 'string').join(' OR ');
  return { name, version, licence: licence || 'none' };
}

/** The text of the licence: from the licence file of the package, or from the end of its readme. */
function readLicenceText(folder: string): string {
  const readTexts = (names: RegExp) =>
    readdirSync(folder)
      .filter((name) => names.test(name))
      .map((name) => readFileSync(path.join(folder, name), 'utf8'));
  const licenceFiles = readTexts(/^(licen[cs]e|copying|ofl)\b/i);
  const fromReadme = readTexts(/^readme\b/i).flatMap((text) => /^#+ licen[cs]e\b.*/ims.exec(text)?.[0] ?? []);
  return (
    (licenceFiles.length > 0 ? licenceFiles : fromReadme).join('\n\n').trim() || 'The package contains no licence text.'
  );
}

const separatorLine = '-'.repeat(80);

/** The content of licences.txt: for each package a line that `parseLicences` reads, then the text of the licence. */
export function formatLicences(all: readonly (PackageLicence & { readonly text: string })[]): string {
  const parts = all.map(
    ({ name, version, licence, text }) => `${separatorLine}\n${name} ${version} ${licence}\n\n${text}\n`,
  );
  const unique = [...new Set(parts)].sort(); // a package may be installed in two folders
  return `Xenon's pages contain third-party code and a font, under the licences below.\n\n${unique.join('\n')}`;
}

/** The packages listed in licences.txt. */
export function parseLicences(file: string): PackageLicence[] {
  const heads = file.matchAll(new RegExp(`^${separatorLine}\n(\\S+) (\\S+) (.+)$`, 'gm'));
  return [...heads].map(([, name = '', version = '', licence = '']) => ({ name, version, licence }));
}

/** Whether the list has all licences of at least one alternative (OR) of an SPDX expression. */
export function isAllowed(expression: string, list: readonly string[]): boolean {
  const alternatives = expression.replaceAll(/[()]/g, '').split(' OR ');
  return alternatives.some((one) => one.split(' AND ').every((licence) => list.includes(licence)));
}
