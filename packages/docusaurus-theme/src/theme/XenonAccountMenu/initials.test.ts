import { expect, it } from 'vitest';
import { initials } from './initials';

it.each([
  ['Ada Lovelace', 'AL'],
  ['ada', 'A'],
  ['  Augusta Ada  King ', 'AK'],
  ['ada@example.com', 'A'],
  ['𝒜da Łukasiewicz', '𝒜Ł'],
  ['', ''],
])('%s has the initials %s', (name, letters) => {
  expect(initials(name)).toBe(letters);
});
