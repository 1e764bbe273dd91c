import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LoadContext, Plugin } from '@docusaurus/types';
import { operationsOf, readDocument } from './openapi/document';

/** Figures that the home page shows. The build counts them in docs/, so that they are always current. */
export type Figures = {
  /** Lines of the table in docs/divergences.md. */
  readonly differences: number;
  /** Rows of docs/security.md. */
  readonly securityRows: number;
  /** Equations in docs/migrate.md that account for every row of an import. */
  readonly equations: number;
  /** Calls in docs/openapi.yaml. */
  readonly operations: number;
};

/** Makes the figures available to `usePluginData('figures')`. Fails when docs/ no longer has the lines to count. */
export default function figures(context: LoadContext, folder: string): Plugin {
  const docs = path.resolve(context.siteDir, folder);
  return {
    name: 'figures',
    async loadContent(): Promise<Figures> {
      return {
        differences: await count(path.join(docs, 'divergences.md'), /^\| D\d\d \|/gm),
        securityRows: await count(path.join(docs, 'security.md'), /^\| R\d\d \|/gm),
        equations: await count(path.join(docs, 'migrate.md'), /^ {4}\w[\w ]*? += /gm),
        operations: operationsOf(readDocument(path.join(docs, 'openapi.yaml'))).length,
      };
    },
    async contentLoaded({ content, actions }) {
      actions.setGlobalData(content);
    },
    getPathsToWatch() {
      return [path.join(docs, '**/*.{md,yaml}')];
    },
  };
}

async function count(file: string, line: RegExp): Promise<number> {
  const found = (await readFile(file, 'utf8')).match(line)?.length ?? 0;
  if (found === 0) throw new Error(`no line of ${file} matches ${line}`);
  return found;
}
