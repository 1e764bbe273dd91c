// @vitest-environment node
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Html, Link, Paragraph, Root, Table } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { expect, test } from 'vitest';
import remarkManual from './manual';

const root = mkdtempSync(path.join(tmpdir(), 'manual-'));
const docs = path.join(root, 'docs');
mkdirSync(path.join(docs, 'adr'), { recursive: true });
mkdirSync(path.join(root, 'cmd'));
writeFileSync(path.join(root, 'template.yaml'), '');
writeFileSync(
  path.join(docs, 'a.svg'),
  '<svg role="img">\n  <style>.box { fill: red; }</style>\n  <path d="M0 0"/>\n</svg>\n',
);

test.each([
  ['../template.yaml', 'https://example.com/x/blob/main/template.yaml'],
  ['../template.yaml#L3', 'https://example.com/x/blob/main/template.yaml#L3'],
  ['../cmd', 'https://example.com/x/tree/main/cmd'],
  ['deploy.md', 'deploy.md'],
  ['adr/0001.md#context', 'adr/0001.md#context'],
  ['#here', '#here'],
  ['/login/', '/login/'],
  ['https://better-auth.com', 'https://better-auth.com'],
  ['mailto:ada@example.com', 'mailto:ada@example.com'],
])('the link %s becomes %s', (from, want) => {
  const [only] = (transformTree(fromMarkdown(`[x](${from})`)).children[0] as Paragraph).children;
  expect((only as Link).url).toBe(want);
});

test('a link out of docs/ to a file that does not exist throws', () => {
  expect(() => transformTree(fromMarkdown('[x](../gone)'))).toThrow('../gone does not exist');
});

test('a diagram is inlined with its name and without its style element', () => {
  const [frame] = transformTree(fromMarkdown('![The path of a request](a.svg)')).children as [Paragraph];
  expect(frame.data?.hProperties).toMatchObject({ ariaLabel: 'The path of a request', tabIndex: 0 });
  expect((frame.children[0] as unknown as Html).value).toBe('<svg role="img"><path d="M0 0"/></svg>');
});

test('an aligned column keeps its cells and gets a class', () => {
  const cell = (value: string) => ({ type: 'tableCell' as const, children: [{ type: 'text' as const, value }] });
  const table: Table = {
    type: 'table',
    align: [null, 'right'],
    children: [{ type: 'tableRow', children: [cell('a'), cell('1')] }],
  };
  transformTree({ type: 'root', children: [table] });
  expect(table.align).toEqual([null, null]);
  expect(table.children[0]?.children.map((one) => one.data?.hProperties)).toEqual([
    undefined,
    { className: ['align-right'] },
  ]);
});

function transformTree(tree: Root): Root {
  const attach = remarkManual as unknown as (options: object) => (tree: Root, file: { path: string }) => void;
  attach({ docs, repository: 'https://example.com/x' })(tree, { path: path.join(docs, 'page.md') });
  return tree;
}
