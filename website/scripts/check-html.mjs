// Checks the HTML of the built site (Content-Security-Policy, accessibility, form fields, noindex) and the index of the
// search. Writes csp-hashes.txt: the hashes of the inline scripts, in the form of the parameter ScriptHashes of
// ../template.yaml. It runs after each build. If it finds a problem, it exits with status 1 and writes no file.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'parse5';

const site = path.resolve(import.meta.dirname, '..');
const build = path.join(site, 'build');
const hashFile = path.join(site, 'csp-hashes.txt');

// The fields, by name, and their autocomplete values that password managers need in the static HTML, before scripts
// run.
const autocompleteByPage = {
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
// Pages of features that may be off: see docusaurus.config.ts.
const optionalPages = ['login/mail', 'magic-link', 'two-factor', 'admin'];

const problems = [];
const hashes = new Set();
const pages = readdirSync(build, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));

for (const page of pages) {
  const elements = [...walk(parse(readFileSync(path.join(build, page), 'utf8')))];
  const report = (problem) => problems.push(`${page}: ${problem}`);
  for (const element of elements) checkElement(element, report);
  checkStructure(page, elements, report);
  checkFields(page, elements, report);
}
checkIndexing();
checkSearchIndex();

if (pages.length === 0) problems.push('the build has no pages');
for (const problem of problems) console.error(problem);
rmSync(hashFile, { force: true });
if (problems.length > 0) process.exit(1);
writeFileSync(hashFile, `${[...hashes].sort().join(' ')}\n`);
console.log(`${pages.length} pages checked; csp-hashes.txt lists ${hashes.size} inline script(s)`);

function* walk(node) {
  if (node.tagName) yield node;
  for (const child of node.content?.childNodes ?? node.childNodes ?? []) yield* walk(child);
}

function attributeValue(element, name) {
  return element.attrs.find((one) => one.name === name)?.value;
}

/** Reports an element that the Content-Security-Policy blocks, or that a keyboard or screen reader cannot use. */
function checkElement(element, report) {
  const tag = element.tagName;
  if (tag === 'style') report('has a <style> element, which the Content-Security-Policy forbids');
  for (const { name, value } of element.attrs) {
    if (name === 'style') report(`<${tag}> has style="${value}", which the Content-Security-Policy forbids`);
    if (name.startsWith('on')) report(`<${tag}> has ${name}=, which the Content-Security-Policy forbids`);
    if (/^(href|src|action)$/.test(name) && /^\s*javascript:/i.test(value))
      report(`<${tag}> has javascript: in ${name}, which the Content-Security-Policy forbids`);
    if (loadsFile(element, name) && !isFileOfBuild(value))
      report(`<${tag}> loads ${value}, which is not part of the build`);
  }
  if (tag === 'tr' && element.childNodes.length === 0) report('has a table row without cells');
  if (tag === 'table' && !isInside(element, (above) => attributeValue(above, 'tabindex') === '0'))
    report('has a <table> in a frame that the keyboard cannot reach');
  if (tag === 'pre' && attributeValue(element, 'tabindex') !== '0')
    report('has a <pre> that the keyboard cannot reach');
  if (tag === 'img' && attributeValue(element, 'alt') === undefined) report('has an <img> without alt');
  if (tag === 'script' && attributeValue(element, 'src') === undefined) addScriptHash(element);
}

function loadsFile(element, name) {
  const rel = attributeValue(element, 'rel') ?? '';
  if (element.tagName === 'link') return name === 'href' && /stylesheet|preload|icon|manifest/.test(rel);
  return name === 'src' && ['script', 'img', 'iframe'].includes(element.tagName);
}

function isFileOfBuild(url) {
  if (url.startsWith('data:image/')) return true;
  return url.startsWith('/') && !url.startsWith('//') && existsSync(path.join(build, url));
}

/** Adds the hash of an inline script. Scripts with data, such as JSON, need no hash. */
function addScriptHash(element) {
  if (!/^(|module|text\/javascript)$/.test(attributeValue(element, 'type') ?? '')) return;
  const source = element.childNodes.map((child) => child.value).join('');
  hashes.add(`'sha256-${createHash('sha256').update(source).digest('base64')}'`);
}

/** Each page needs a language, a title, a description, exactly one h1, and unique ids. */
function checkStructure(page, elements, report) {
  const count = (tag) => elements.filter((element) => element.tagName === tag).length;
  const meta = (name) => elements.some((one) => one.tagName === 'meta' && attributeValue(one, 'name') === name);
  if (!elements.some((one) => one.tagName === 'html' && attributeValue(one, 'lang'))) report('<html> has no lang');
  if (!elements.some((one) => one.tagName === 'title' && one.childNodes.length > 0))
    report('has no title, or an empty one');
  if (!meta('description') && page !== '404.html') report('has no meta description');
  if (count('h1') !== 1) report(`has ${count('h1')} h1 elements, want 1`);
  const ids = elements.map((one) => attributeValue(one, 'id')).filter(Boolean);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) report(`id ${id} is used twice`);
}

function checkFields(page, elements, report) {
  const labelled = new Set(elements.filter((one) => one.tagName === 'label').map((one) => attributeValue(one, 'for')));
  const inputs = elements.filter((one) => one.tagName === 'input' && attributeValue(one, 'type') !== 'hidden');
  for (const input of inputs) {
    const id = attributeValue(input, 'id');
    const label =
      (id && labelled.has(id)) ||
      attributeValue(input, 'aria-label') ||
      isInside(input, (above) => above.tagName === 'label');
    if (!label) report(`<input name="${attributeValue(input, 'name')}"> has no label`);
  }
  for (const [name, autocomplete] of Object.entries(autocompleteByPage[page] ?? {})) {
    const input = inputs.find((one) => attributeValue(one, 'name') === name);
    if (!input) report(`has no field ${name}`);
    else if (attributeValue(input, 'autocomplete') !== autocomplete)
      report(`${name} has autocomplete="${attributeValue(input, 'autocomplete')}"`);
  }
}

function isInside(element, matches) {
  for (let above = element.parentNode; above; above = above.parentNode) if (above.attrs && matches(above)) return true;
  return false;
}

/** Whether a page tells search engines not to index it. */
function isNoindex(elements) {
  const robots = elements.filter((one) => one.tagName === 'meta' && attributeValue(one, 'name') === 'robots');
  return robots.some((one) => attributeValue(one, 'content')?.includes('noindex'));
}

/** Private pages must be noindex and missing from the sitemap. */
function checkIndexing() {
  const sitemap = readFileSync(path.join(build, 'sitemap.xml'), 'utf8');
  for (const name of [...privatePages, ...optionalPages]) {
    const file = path.join(build, name, 'index.html');
    if (!existsSync(file)) {
      if (optionalPages.includes(name)) continue;
      problems.push(`${name}/index.html is missing`);
      continue;
    }
    if (!isNoindex([...walk(parse(readFileSync(file, 'utf8')))])) problems.push(`${name}/index.html is not noindex`);
    if (new RegExp(`<loc>https?://[^/]+/${name}/<`).test(sitemap)) problems.push(`${name} is in the sitemap`);
  }
}

/** The index of the search must have the pages of the manual, and no others. */
function checkSearchIndex() {
  const kinds = JSON.parse(readFileSync(path.join(build, 'search-index.json'), 'utf8'));
  const urls = new Set(kinds.flatMap(({ documents }) => documents.map(({ u }) => u)));
  const manual = pages.filter((page) => page.startsWith(`docs${path.sep}`));
  if (urls.size !== manual.length)
    problems.push(`search-index.json has ${urls.size} pages, want the ${manual.length} of docs/`);
  for (const url of urls)
    if (!url.startsWith('/docs/')) problems.push(`search-index.json has ${url}, want only /docs/`);
}
