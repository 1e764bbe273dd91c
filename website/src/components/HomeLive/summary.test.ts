import { expect, test } from 'vitest';
import { summary } from './summary';

test.each([
  ['health', { status: 'ok', database: 'connected' }, '{"status":"ok","database":"connected"}'],
  ['a key set', { keys: [{ alg: 'RS256', kid: 'abcdefghijkl' }] }, '1 × RS256 abcdefgh…'],
  ['no keys', { keys: [] }, '0 × '],
  ['keys of another kind', { keys: ['a'] }, '{"keys":["a"]}'],
  ['nothing', null, 'null'],
])('summarises %s on one line', (_, body, want) => {
  expect(summary(body)).toBe(want);
});
