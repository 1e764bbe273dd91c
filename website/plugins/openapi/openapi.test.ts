// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import type { Heading, Root } from 'mdast';
import { visit } from 'unist-util-visit';
import { describe, expect, test } from 'vitest';
import { operationsOf, readDocument } from './document';
import { pageOf, partNodes } from './index';

const docs = new URL('../../../docs/', import.meta.url);
const document = readDocument(new URL('openapi.yaml', docs).pathname);
const allCalls = operationsOf(document);
const tags = document.tags.map(({ name }) => name);

test('every call has a tag with a page, and each page includes its tag', () => {
  expect(allCalls.flatMap((call) => call.operation.tags).filter((tag) => !tags.includes(tag))).toEqual([]);
  const pages = readdirSync(new URL('api/', docs));
  for (const tag of tags) {
    expect(pages).toContain(pageOf(tag));
    expect(readFileSync(new URL(`api/${pageOf(tag)}`, docs), 'utf8')).toContain(`<!-- openapi: tag ${tag} -->`);
  }
});

test('every call is documented once, under its own anchor', () => {
  const written = tags.flatMap((tag) => anchorsOf(partNodes(document, `tag ${tag}`)));
  expect(written.toSorted()).toEqual(allCalls.map((call) => call.operation.operationId).toSorted());
});

test('the list of calls links to every call', () => {
  const wanted = allCalls.map((call) => `./${pageOf(call.operation.tags[0] ?? '')}#${call.operation.operationId}`);
  expect(linkTargets(partNodes(document, 'calls')).toSorted()).toEqual(wanted.toSorted());
});

test('every code and schema that a call links to is documented', () => {
  const documentedLinks = new Set([
    ...anchorsOf(partNodes(document, 'errors')).map((id) => `./errors.md#${id}`),
    ...anchorsOf(partNodes(document, 'schemas')).map((id) => `./schemas.md#${id}`),
  ]);
  const usedLinks = tags.flatMap((tag) => linkTargets(partNodes(document, `tag ${tag}`)));
  expect(usedLinks.length).toBeGreaterThan(100);
  expect(usedLinks.filter((link) => !documentedLinks.has(link))).toEqual([]);
});

describe('a comment that names an unknown part throws', () => {
  test.each(['tag Unknown', 'nothing', 'tag '])('%s', (part) => {
    expect(() => partNodes(document, part)).toThrow(`no part "${part}"`);
  });
});

function anchorsOf(children: ReturnType<typeof partNodes>): string[] {
  const found: string[] = [];
  visit({ type: 'root', children } satisfies Root, 'heading', (node: Heading) => {
    found.push(String(node.data?.hProperties?.['id']));
  });
  return found;
}

function linkTargets(children: ReturnType<typeof partNodes>): string[] {
  const found: string[] = [];
  visit({ type: 'root', children } satisfies Root, 'link', (node) => {
    found.push(node.url);
  });
  return found;
}
