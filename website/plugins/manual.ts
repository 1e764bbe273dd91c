import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Html, Image, Link, Paragraph, Root, Table } from 'mdast';
import type { Plugin } from 'unified';
import { SKIP, visit } from 'unist-util-visit';

type Options = {
  /** The folder of the manual, relative to the site. */
  readonly docs: string;
  /** The URL of the repository. Links from the manual to files outside its folder go there. */
  readonly repository: string;
};

/**
 * Adapts docs/, which is written for GitHub, to this site: links out of docs/ become links to the repository, diagrams
 * are inlined, so that they follow the colour mode, and aligned columns get a class instead of a style attribute.
 */
const remarkManual: Plugin<[Options], Root> = (options) => {
  const docs = path.resolve(options.docs);
  return (tree, file) => {
    const folder = path.dirname(file.path);
    visit(tree, 'link', (node) => linkToRepository(node, folder, docs, options.repository));
    visit(tree, 'table', alignByClass);
    visit(tree, 'paragraph', (node, index, parent) => {
      const [only] = node.children;
      if (node.children.length !== 1 || only?.type !== 'image' || !only.url.endsWith('.svg')) return;
      parent?.children.splice(index ?? 0, 1, inlineDiagram(only, folder));
      return SKIP;
    });
  };
};

export default remarkManual;

function linkToRepository(link: Link, folder: string, docs: string, repository: string): void {
  if (/^[a-z][a-z0-9+.-]*:|^[/#]/i.test(link.url)) return;
  const [target = '', anchor] = link.url.split('#');
  const file = path.resolve(folder, target);
  if (!path.relative(docs, file).startsWith('..')) return;
  if (!existsSync(file)) throw new Error(`${link.url} does not exist`);
  const kind = statSync(file).isDirectory() ? 'tree' : 'blob';
  const inRepository = path.relative(path.dirname(docs), file).split(path.sep).join('/');
  link.url = `${repository}/${kind}/main/${inRepository}${anchor ? `#${anchor}` : ''}`;
}

function alignByClass(table: Table): void {
  const columns = table.align ?? [];
  for (const row of table.children) {
    row.children.forEach((cell, column) => {
      const align = columns[column];
      if (align) cell.data = { ...cell.data, hProperties: { className: [`align-${align}`] } };
    });
  }
  table.align = columns.map(() => null); // its length is the number of columns
}

/** The SVG in a frame that scrolls on narrow pages, without its style element: manual.css has the colours. */
function inlineDiagram(image: Image, folder: string): Paragraph {
  const drawing = readFileSync(path.resolve(folder, image.url), 'utf8')
    .replace(/<\?xml[^>]*\?>/, '')
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/>\s+</g, '><')
    .trim();
  const frame = { className: ['diagram'], role: 'group', tabIndex: 0, ariaLabel: image.alt ?? '' };
  const content: Html = { type: 'html', value: drawing };
  return { type: 'paragraph', data: { hName: 'div', hProperties: frame }, children: [content] };
}
