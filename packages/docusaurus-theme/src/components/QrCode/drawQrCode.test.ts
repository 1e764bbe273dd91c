import { expect, it } from 'vitest';
import { drawQrCode } from './drawQrCode';

it('draws a code with a white border of four squares', () => {
  const { size, path } = drawQrCode('otpauth://totp/a?secret=ABC');
  const squares = [...path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => [Number(x), Number(y)]);
  const bounds = [...squares.flat()];
  expect(Math.min(...bounds)).toBe(4);
  expect(Math.max(...bounds)).toBe(size - 5);
  // The three patterns in the corners have a row of seven dark squares each.
  for (const [left, top] of [
    [4, 4],
    [size - 11, 4],
    [4, size - 11],
  ] as const)
    for (let i = 0; i < 7; i++) expect(squares).toContainEqual([left + i, top]);
});
