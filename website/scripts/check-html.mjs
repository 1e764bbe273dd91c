// Checks the built site for what a browser would refuse or a person would miss, and writes csp-hashes.txt: the hashes of the
// inline scripts, as the parameter ScriptHashes of ../template.yaml takes them. Run after each build; with something wrong it ends with 1 and writes none.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'parse5';

const site = path.resolve(import.meta.dirname, '..');
const build = path.join(site, 'build');
const list = path.join(site, 'csp-hashes.txt');

// What a password manager needs to see on each page that asks for something, before any script has run.
const forms = {
  'login/index.html': { email: 'username', password: 'current-password' },
  'register/index.html': { name: 'name', email: 'username', password: 'new-password' },
  'forgot-password/index.html': { email: 'username' },
};
const privatePages = [
  'login',
  'register',
  'forgot-password',
  'reset-password',
  'verify-email',
  'cancel-email-change',
  'profile',
  'account',
];

const problems = [];
const hashes = new Set();
const pages = readdirSync(build, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));

for (const page of pages) {
  const elements = [...walk(parse(readFileSync(path.join(build, page), 'utf8')))];
  const report = (problem) => problems.push(`${page}: ${problem}`);
  for (const element of elements) inspect(element, report);
  structure(page, elements, report);
  fields(page, elements, report);
}
indexing();

if (pages.length === 0) problems.push('there is no page');
for (const problem of problems) console.error(problem);
rmSync(list, { force: true });
if (problems.length > 0) process.exit(1);
writeFileSync(list, `${[...hashes].sort().join(' ')}\n`);
console.log(`${pages.length} pages are right; ${hashes.size} inline script(s), named in csp-hashes.txt`);

function* walk(node) {
  if (node.tagName) yield node;
  for (const child of node.content?.childNodes ?? node.childNodes ?? []) yield* walk(child);
}

function attribute(element, name) {
  return element.attrs.find((one) => one.name === name)?.value;
}

/** What the policy refuses, and what leads nowhere. */
function inspect(element, report) {
  const tag = element.tagName;
  if (tag === 'style') report('a <style> element');
  for (const { name, value } of element.attrs) {
    if (name === 'style') report(`style="${value}" on <${tag}>`);
    if (name.startsWith('on')) report(`${name}= on <${tag}>`);
    if (/^(href|src|action)$/.test(name) && /^\s*javascript:/i.test(value))
      report(`javascript: in ${name} of <${tag}>`);
    if (isLoaded(element, name) && !existsHere(value)) report(`<${tag}> loads ${value}, which is not of this site`);
  }
  if (tag === 'tr' && element.childNodes.length === 0) report('a row without cells');
  if (tag === 'table' && !within(element, (above) => attribute(above, 'tabindex') === '0'))
    report('a <table> whose scroll frame the keyboard cannot reach');
  if (tag === 'pre' && attribute(element, 'tabindex') !== '0') report('a <pre> that the keyboard cannot reach');
  if (tag === 'img' && attribute(element, 'alt') === undefined) report('an <img> without alt');
  if (tag === 'script' && attribute(element, 'src') === undefined) script(element);
}

function isLoaded(element, name) {
  const rel = attribute(element, 'rel') ?? '';
  if (element.tagName === 'link') return name === 'href' && /stylesheet|preload|icon|manifest/.test(rel);
  return name === 'src' && ['script', 'img', 'iframe'].includes(element.tagName);
}

function existsHere(address) {
  if (address.startsWith('data:image/')) return true;
  return address.startsWith('/') && !address.startsWith('//') && existsSync(path.join(build, address));
}

/** An inline script, unless its type says that it is data, which no policy asks about. */
function script(element) {
  if (!/^(|module|text\/javascript)$/.test(attribute(element, 'type') ?? '')) return;
  const source = element.childNodes.map((child) => child.value).join('');
  hashes.add(`'sha256-${createHash('sha256').update(source).digest('base64')}'`);
}

/** What a page is to have: a language, a title, a description, one heading of the first rank, ids that are there once. */
function structure(page, elements, report) {
  const count = (tag) => elements.filter((element) => element.tagName === tag).length;
  const meta = (name) => elements.some((one) => one.tagName === 'meta' && attribute(one, 'name') === name);
  if (!elements.some((one) => one.tagName === 'html' && attribute(one, 'lang'))) report('no lang');
  if (!elements.some((one) => one.tagName === 'title' && one.childNodes.length > 0)) report('no title');
  if (!meta('description') && !unlisted(elements) && page !== '404.html') report('no description');
  if (count('h1') !== 1) report(`${count('h1')} headings of the first rank`);
  const ids = elements.map((one) => attribute(one, 'id')).filter(Boolean);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) report(`id ${id} is there twice`);
}

function fields(page, elements, report) {
  const labelled = new Set(elements.filter((one) => one.tagName === 'label').map((one) => attribute(one, 'for')));
  const inputs = elements.filter((one) => one.tagName === 'input' && attribute(one, 'type') !== 'hidden');
  for (const input of inputs) {
    const id = attribute(input, 'id');
    const said =
      (id && labelled.has(id)) || attribute(input, 'aria-label') || within(input, (above) => above.tagName === 'label');
    if (!said) report(`<input name="${attribute(input, 'name')}"> without a label`);
  }
  for (const [name, autocomplete] of Object.entries(forms[page] ?? {})) {
    const input = inputs.find((one) => attribute(one, 'name') === name);
    if (!input) report(`no field ${name}`);
    else if (attribute(input, 'autocomplete') !== autocomplete)
      report(`${name} has autocomplete="${attribute(input, 'autocomplete')}"`);
  }
}

function within(element, matches) {
  for (let above = element.parentNode; above; above = above.parentNode) if (above.attrs && matches(above)) return true;
  return false;
}

/** Whether a page tells search engines to pass by. */
function unlisted(elements) {
  const robots = elements.filter((one) => one.tagName === 'meta' && attribute(one, 'name') === 'robots');
  return robots.some((one) => attribute(one, 'content')?.includes('noindex'));
}

/** Pages for one person alone: nobody finds them by searching. */
function indexing() {
  const sitemap = readFileSync(path.join(build, 'sitemap.xml'), 'utf8');
  for (const name of privatePages) {
    const file = path.join(build, name, 'index.html');
    if (!existsSync(file)) {
      problems.push(`${name}/index.html is missing`);
      continue;
    }
    if (!unlisted([...walk(parse(readFileSync(file, 'utf8')))])) problems.push(`${name}/index.html is not noindex`);
    if (new RegExp(`<loc>https?://[^/]+/${name}/<`).test(sitemap)) problems.push(`${name} is in the sitemap`);
  }
}
