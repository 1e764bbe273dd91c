import { expect, test } from 'vitest';
import { type Found, hitOf } from './hits';

const page = { i: 1, t: 'Importing from Supabase', u: '/docs/migrate/', b: ['Import', 'Importing from Supabase'] };
const positions = (...position: [number, number][]) => ({ quarantin: { t: { position } } });

test('a page is shown with its title and the names above it, each once', () => {
  const found: Found = { document: page, type: 0, metadata: { import: { t: { position: [[0, 9]] } } } };
  expect(hitOf(found)).toEqual({
    id: '1',
    url: '/docs/migrate/',
    title: [
      { text: 'Importing', isMatch: true },
      { text: ' from Supabase', isMatch: false },
    ],
    where: 'Import',
    text: [],
  });
});

test('a heading is shown with its page, and its URL has the anchor', () => {
  const document = { i: 2, t: 'Rows in the quarantine', u: '/docs/migrate/', h: '#rows', p: 1 };
  expect(hitOf({ document, type: 1, page, metadata: positions([12, 10]) })).toMatchObject({
    url: '/docs/migrate/#rows',
    title: [
      { text: 'Rows in the ', isMatch: false },
      { text: 'quarantine', isMatch: true },
    ],
    where: 'Import › Importing from Supabase',
    text: [],
  });
});

test('a text is shown under the heading of its section', () => {
  const document = { i: 3, t: 'Rows go to the quarantine.', s: 'Run', u: '/docs/migrate/', h: '#run', p: 1 };
  expect(hitOf({ document, type: 4, page, metadata: positions([15, 10]) })).toMatchObject({
    title: [{ text: 'Run', isMatch: false }],
    text: [
      { text: 'Rows go to the ', isMatch: false },
      { text: 'quarantine', isMatch: true },
      { text: '.', isMatch: false },
    ],
  });
});

test('a long text is cut at words around the first match', () => {
  const before = 'before '.repeat(40);
  const t = `${before}quarantine ${'after '.repeat(60)}`;
  const document = { i: 4, t, s: 'Run', u: '/docs/migrate/', p: 1 };
  const text = hitOf({ document, type: 4, page, metadata: positions([before.length, 10]) })
    .text.map((part) => part.text)
    .join('');
  expect(text).toMatch(/^… (before )+quarantine (after )+…$/);
  expect(text.length).toBeLessThanOrEqual(164);
});

test('punctuation around a word is not marked', () => {
  const document = { i: 6, t: 'a row (“quarantine”), or a ban', s: 'Run', u: '/docs/', p: 1 };
  const { text } = hitOf({ document, type: 4, page, metadata: positions([6, 15]) });
  expect(text.map((part) => part.text)).toEqual(['a row (“', 'quarantine', '”), or a ban']);
});

test('overlapping matches are marked once, in the order of the text', () => {
  const document = { i: 5, t: 'sign-in with signing keys', s: 'Keys', u: '/docs/', p: 1 };
  const metadata: Found['metadata'] = {
    sign: { t: { position: [[13, 7]] } },
    'sign-in': { t: { position: [[0, 7]] } },
    si: { t: { position: [[0, 4]] } },
  };
  const marked = hitOf({ document, type: 4, page, metadata }).text.filter(({ isMatch }) => isMatch);
  expect(marked.map(({ text }) => text)).toEqual(['sign-in', 'signing']);
});
