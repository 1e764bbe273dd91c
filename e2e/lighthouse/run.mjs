// Measures the pages of the site with Lighthouse, as on a phone and as on a desktop, and writes the table of
// docs/performance.md. `make lighthouse` runs it. ROUNDS is the number of measurements of each page; the table has
// their medians. With REPORTS=DIR it writes the reports of Lighthouse there, and no table.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import path from 'node:path';
import { launch } from 'chrome-launcher';
import lighthouse, { desktopConfig } from 'lighthouse';
import { repositoryRoot, startXenon } from '../harness/xenon.ts';

const pages = ['/', '/docs/', '/docs/events/', '/login/', '/register/', '/profile/'];
const devices = { phone: undefined, desktop: desktopConfig };
const categories = ['performance', 'accessibility', 'best-practices'];
const rounds = Number(process.env.ROUNDS ?? 3);
const file = path.join(repositoryRoot, 'docs/performance.md');
const [begin, end] = ['<!-- the pages: begin -->\n', '<!-- the pages: end -->\n'];

const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];

/** Registers a user who has a profile. Returns the Cookie header of the session. */
async function registerUser(origin) {
  const send = async (method, target, headers, body) => {
    const init = { method, headers: { origin, 'content-type': 'application/json', ...headers } };
    const answer = await fetch(origin + target, body ? { ...init, body: JSON.stringify(body) } : init);
    if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const user = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'correct horse battery staple' };
  const answer = await send('POST', '/api/auth/sign-up/email', {}, user);
  const cookie = answer.headers
    .getSetCookie()
    .map((one) => one.split(';', 1)[0])
    .join('; ');
  const { token } = await (await send('GET', '/api/auth/token', { cookie })).json();
  await send('POST', '/api/profile', { authorization: `Bearer ${token}` }, { learning_mode: 'visual' });
  return cookie;
}

/** Measures a page in a new browser, so that nothing is cached. */
async function measure(url, config, cookie) {
  const chrome = await launch({
    chromePath: process.env.CHROMIUM,
    chromeFlags: ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage'],
  });
  try {
    const extraHeaders = cookie && { Cookie: cookie };
    const { lhr } = await lighthouse(url, { port: chrome.port, onlyCategories: categories, extraHeaders }, config);
    if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
    return lhr;
  } finally {
    chrome.kill();
  }
}

function summarize(reports) {
  const medianOf = (audit) => median(reports.map((lhr) => lhr.audits[audit].numericValue));
  const scores = categories.map((name) => median(reports.map((lhr) => Math.round(lhr.categories[name].score * 100))));
  const seconds = (audit) => `${(medianOf(audit) / 1000).toFixed(1)} s`;
  return [
    ...scores,
    seconds('largest-contentful-paint'),
    `${Math.round(medianOf('total-blocking-time'))} ms`,
    medianOf('cumulative-layout-shift').toFixed(3),
    `${Math.round(medianOf('total-byte-weight') / 1024)} KiB`,
  ];
}

/** Prints what keeps a report from 100. */
function printFailures({ audits, categories: results }) {
  for (const { auditRefs } of Object.values(results)) {
    for (const { id, weight } of auditRefs) {
      const { score, title, displayValue = '' } = audits[id];
      if (weight > 0 && score !== null && score < 0.9) console.log(`    ${id}: ${title} ${displayValue}`);
    }
  }
}

const xenon = await startXenon();
try {
  const cookie = await registerUser(xenon.origin);
  const rows = [];
  for (const page of pages) {
    for (const [device, config] of Object.entries(devices)) {
      const reports = [];
      for (let i = 0; i < rounds; i++) {
        reports.push(await measure(xenon.origin + page, config, page === '/profile/' ? cookie : undefined));
      }
      const row = [`\`${page}\``, device, ...summarize(reports)];
      rows.push(`| ${row.join(' | ')} |\n`);
      console.log(`${row.join('  ')}  (load ${loadavg()[0].toFixed(1)})`);
      printFailures(reports[0]);
      if (process.env.REPORTS) {
        mkdirSync(process.env.REPORTS, { recursive: true });
        const name = `${page.replaceAll('/', '_')}-${device}.json`;
        writeFileSync(path.join(process.env.REPORTS, name), JSON.stringify(reports[0]));
      }
    }
  }
  const { lighthouseVersion, environment } = await measure(`${xenon.origin}/login/`);
  console.log(lighthouseVersion, environment.hostUserAgent, `${availableParallelism()} processors`);
  if (!process.env.REPORTS) writeTable(rows);
} finally {
  await xenon.stop();
}

function writeTable(rows) {
  const head = ['page', 'device', 'performance', 'accessibility', 'best practices', 'LCP', 'TBT', 'CLS', 'bytes'];
  const ruler = `|---|---|${'--:|'.repeat(head.length - 2)}`;
  const text = readFileSync(file, 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${file} lacks the lines ${begin} and ${end}`);
  writeFileSync(file, `${before}${begin}| ${head.join(' | ')} |\n${ruler}\n${rows.join('')}${end}${after}`);
}
