import type { BlockContent, Heading, Root, RootContent } from 'mdast';
import type { Plugin } from 'unified';
import { type Call, type Document, operationsOf, readDocument } from './document';
import { code, heading, link, paragraph, parseBlocks, parseInline, table, text } from './markdown';
import { methodBadge, operationNodes } from './operation';
import { fieldTable } from './schema';

type Part = BlockContent | Heading;

/**
 * Writes the API reference from docs/openapi.yaml into the pages of docs/api, in place of the comments `openapi:
 * about`, `openapi: calls`, `openapi: tag NAME`, `openapi: errors` and `openapi: schemas`, each in `<!-- … -->`. The
 * reference then consists of ordinary pages, with sidebar, table of contents and checked anchors, and needs no script.
 */
const remarkOpenapi: Plugin<[{ readonly file: string }], Root> = ({ file }) => {
  let document: Document | undefined;
  return (tree) => {
    tree.children = tree.children.flatMap((node): RootContent[] => {
      const part = node.type === 'html' && /^<!--\s*openapi: (.+?)\s*-->$/.exec(node.value)?.[1];
      if (!part) return [node];
      document ??= readDocument(file);
      return partNodes(document, part);
    });
  };
};

export default remarkOpenapi;

/** The part of the reference that a comment names. Fails for a name that does not exist. */
export function partNodes(document: Document, part: string): Part[] {
  if (part === 'about') return parseBlocks(document.info.description);
  if (part === 'calls') return callNodes(document);
  if (part === 'errors') return errorNodes(document);
  if (part === 'schemas') return schemaNodes(document);
  const tag = /^tag (.+)$/.exec(part)?.[1];
  const found = operationsOf(document).filter((call) => tag !== undefined && call.operation.tags.includes(tag));
  if (found.length === 0)
    throw new Error(`the API reference has no part "${part}": correct the openapi comment that names it`);
  return found.flatMap((call) => operationNodes(document, call));
}

/** The file in docs/api that documents a tag. */
export function pageOf(tag: string): string {
  return `${tag.toLowerCase().replaceAll(' ', '-')}.md`;
}

function callNodes(document: Document): Part[] {
  const all = operationsOf(document);
  return document.tags.flatMap(({ name }): Part[] => [
    heading(3, `calls-${pageOf(name).replace('.md', '')}`, text(name)),
    table(
      ['Call', 'What it does'],
      all.filter((call) => call.operation.tags.includes(name)).map((call) => [pathCell(call), summaryCell(call, name)]),
    ),
  ]);
}

function pathCell(call: Call) {
  return [methodBadge(call.method), text(' '), code(call.path)];
}

function summaryCell(call: Call, tag: string) {
  return [link(`./${pageOf(tag)}#${call.operation.operationId}`, text(call.operation.summary))];
}

/** The error responses that every operation can have, and the meaning of each error code. */
function errorNodes(document: Document): Part[] {
  const statuses = {
    403: 'Forbidden',
    413: 'TooLarge',
    415: 'UnsupportedMediaType',
    429: 'TooManyRequests',
    500: 'Fault',
    503: 'Unavailable',
  };
  const everywhere = Object.entries(statuses).flatMap(([status, name]): Part[] => [
    heading(3, `status-${status}`, text(`${status} `), text(spacedName(name))),
    ...parseBlocks(document.components.responses[name]?.description ?? ''),
  ]);
  const meanings = [...(document.components.schemas['Code']?.description ?? '').matchAll(/^- `(\w+)`: (.+)$/gm)];
  const codes = meanings.flatMap(([, name = '', meaning]): Part[] => [
    heading(3, name, code(name)),
    paragraph(...parseInline(`${asSentence(meaning ?? '')}`)),
  ]);
  return [
    heading(2, 'everywhere', text('Errors of every call')),
    ...everywhere,
    heading(2, 'codes', text('Codes')),
    ...codes,
  ];
}

function schemaNodes(document: Document): Part[] {
  // The page of errors explains the codes of the schema Code, and each operation lists its own codes.
  const shown = Object.entries(document.components.schemas).filter(
    ([name, { type, oneOf }]) => (type || oneOf) && name !== 'Code',
  );
  return shown.flatMap(([name, schema]): Part[] => [
    heading(2, name.toLowerCase(), text(name)),
    ...parseBlocks(schema.description ?? ''),
    ...fieldTable(schema),
  ]);
}

function spacedName(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function asSentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
