import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LoadContext, Plugin } from '@docusaurus/types';
import { operationsOf, readDocument } from './openapi/document';

/** Numbers that the home page shows. The build counts them in docs/. */
export type Counts = {
  /** Rows of the table in docs/divergences.md. */
  readonly differences: number;
  /** Rows of docs/security.md. */
  readonly securityRows: number;
  /** Equations in docs/migrate.md that account for every row of an import. */
  readonly equations: number;
  /** Operations in docs/openapi.yaml. */
  readonly operations: number;
};

/** Makes the numbers available to `usePluginData('counts')`. Fails if docs/ has no line to count. */
export default function counts(context: LoadContext, folder: string): Plugin {
  const docs = path.resolve(context.siteDir, folder);
  return {
    name: 'counts',
    async loadContent(): Promise<Counts> {
      return {
        differences: await countLines(path.join(docs, 'divergences.md'), /^\| D\d{2,3} \|/gm),
        securityRows: await countLines(path.join(docs, 'security.md'), /^\| R\d\d \|/gm),
        equations: await countLines(path.join(docs, 'migrate.md'), /^ {4}\w[\w ]*? += /gm),
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

async function countLines(file: string, line: RegExp): Promise<number> {
  const found = (await readFile(file, 'utf8')).match(line)?.length ?? 0;
  if (found === 0) throw new Error(`no line of ${file} matches ${line}: adapt the pattern in plugins/counts.ts`);
  return found;
}
