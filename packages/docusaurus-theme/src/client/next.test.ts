import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPath, pageAfterSignIn, withNext } from './next';

const origin = 'https://xenon.example';
const searchWithNext = (next: string) => `?next=${encodeURIComponent(next)}`;

describe('nextPath', () => {
  it.each([
    '/',
    '/docs/',
    '/docs/api/',
    '/docs/api/#sign-in',
    '/docs/?page=2&of=3#top',
    '/account/',
    '/loginish/',
    '/docs/a.b-c~d_e',
    '/docs/ü/',
    '/docs/%C3%BC/',
    '/文档/安装/',
    '/docs/%E6%96%87/#%E6%A1%A3',
  ])('goes to %s', (next) => {
    expect(nextPath(searchWithNext(next))).toBe(next);
  });

  it.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https://evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    ' /docs/',
    '/\t/evil.example',
    '/docs/\n/evil.example',
    '/.//evil.example',
    '/docs/..//evil.example',
    '/%2f/evil.example',
    '/docs//evil.example',
    '@evil.example',
    '.evil.example',
    '/\u2028/evil.example',
    '/%2e%2e/login/',
    '/%6cogin/',
    '／／evil.example',
    '',
  ])('returns home instead of %j', (next) => {
    expect(nextPath(searchWithNext(next))).toBe(pageAfterSignIn);
  });

  it.each([
    '/login/',
    '/login',
    '/login?next=/login/',
    '/register/',
    '/forgot-password/',
    '/cancel-email-change/',
    '/reset-password/?token=a',
    '/verify-email/',
    '/api/auth/sign-out',
  ])('does not return to %s', (next) => {
    expect(nextPath(searchWithNext(next))).toBe(pageAfterSignIn);
  });

  it('returns home without next', () => {
    expect(nextPath('')).toBe(pageAfterSignIn);
    expect(nextPath('?reset=1')).toBe(pageAfterSignIn);
  });

  it('takes the first of two values', () => {
    expect(nextPath('?next=/docs/&next=//evil.example')).toBe('/docs/');
  });

  // R31: for any input the browser stays on this site, on a page that is not one of the forms.
  it('never leaves the site', () => {
    const hostile = fc
      .array(
        fc.constantFrom(
          '/',
          '\\',
          ':',
          '@',
          '.',
          '%2f',
          '%5c',
          '\t',
          '\n',
          '\0',
          '?',
          '#',
          'a',
          'evil.example',
          'https',
          'javascript',
          ' ',
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.webUrl(),
          fc.webPath(),
          hostile,
          hostile.map((rest) => `/${rest}`),
        ),
        (next) => {
          const url = new URL(nextPath(searchWithNext(next)), `${origin}/login/`);
          expect(url.origin).toBe(origin);
          expect(url.pathname).not.toMatch(
            /^\/(login|register|forgot-password|reset-password|verify-email|cancel-email-change|api)(\/|$)/,
          );
          expect(url.pathname).not.toContain('//');
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('never leaves the site for a raw query either', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (rest) => {
        expect(new URL(nextPath(`?next=${rest}`), origin).origin).toBe(origin);
      }),
    );
  });

  it('matches a long path in linear time', () => {
    const long = `/${'a'.repeat(100_000)}!`;
    expect(nextPath(searchWithNext(long))).toBe(pageAfterSignIn); // a regular expression with backtracking would not finish
  });
});

describe('withNext', () => {
  it('adds the page to return to', () => {
    expect(withNext('/login/', '/docs/?a=1#b')).toBe('/login/?next=%2Fdocs%2F%3Fa%3D1%23b');
  });

  it.each([pageAfterSignIn, '/login/', '//evil.example', '/docs/ü\\'])('adds nothing for %s', (from) => {
    expect(withNext('/login/', from)).toBe('/login/');
  });

  it('writes what nextPath reads', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webPath(), fc.string()), (from) => {
        const { search } = new URL(withNext('/login/', from), origin);
        expect([from, pageAfterSignIn]).toContain(nextPath(search));
      }),
    );
  });
});
