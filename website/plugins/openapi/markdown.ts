import type {
  BlockContent,
  Code,
  Heading,
  InlineCode,
  Link,
  Paragraph,
  PhrasingContent,
  Table,
  TableCell,
  TableRow,
  Text,
} from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

// Functions that make the Markdown nodes of which the API reference consists, and two that parse Markdown into nodes.

export const text = (value: string): Text => ({ type: 'text', value });
export const code = (value: string): InlineCode => ({ type: 'inlineCode', value });
export const link = (url: string, ...children: (Text | InlineCode)[]): Link => ({ type: 'link', url, children });
export const paragraph = (...children: PhrasingContent[]): Paragraph => ({ type: 'paragraph', children });
export const codeBlock = (lang: string, value: string): Code => ({ type: 'code', lang, value });

/** A heading whose anchor does not depend on its text. */
export function heading(depth: 2 | 3 | 4, id: string, ...children: PhrasingContent[]): Heading {
  return { type: 'heading', depth, data: { hProperties: { id } }, children };
}

/** A paragraph or span with a class, for manual.css. */
export function withClass<T extends Paragraph | PhrasingContent>(className: string, hName: string, node: T): T {
  return { ...node, data: { ...node.data, hName, hProperties: { className: [className] } } };
}

/** A table; `head` is its first row. */
export function table(head: readonly string[], rows: readonly (readonly PhrasingContent[])[][]): Table {
  const asRow = (cells: readonly (readonly PhrasingContent[])[]): TableRow => ({
    type: 'tableRow',
    children: cells.map((children): TableCell => ({ type: 'tableCell', children: [...children] })),
  });
  return { type: 'table', children: [asRow(head.map((word) => [text(word)])), ...rows.map(asRow)] };
}

/** Parses Markdown, the format of descriptions in docs/openapi.yaml, into blocks. */
export function parseBlocks(markdown: string): BlockContent[] {
  return fromMarkdown(markdown).children.filter((node): node is BlockContent => node.type !== 'definition');
}

/** Parses Markdown into inline nodes, for a table cell or a part of a sentence. */
export function parseInline(markdown: string | undefined): PhrasingContent[] {
  return parseBlocks(markdown ?? '').flatMap((node) => (node.type === 'paragraph' ? node.children : []));
}

/** Adds a separator between the nodes. */
export function joinNodes(nodes: readonly PhrasingContent[], separator: string): PhrasingContent[] {
  return nodes.flatMap((node, index) => (index === 0 ? [node] : [text(separator), node]));
}
