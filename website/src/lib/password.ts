import type { Failure } from './failure';

/** The server's bounds, in UTF-16 code units as JavaScript counts `length` and the server does, too. */
export const minPassword = 8;
export const maxPassword = 128;

/** How hard a password is to guess, from 0 (at once) to 4. Advice only: nothing is refused because of it. */
export type Strength = 0 | 1 | 2 | 3 | 4;

// The beginnings that lists of leaked passwords are full of.
const common = [
  'password',
  'passwort',
  'qwerty',
  'qwertz',
  'letmein',
  'welcome',
  'iloveyou',
  'admin',
  'football',
  'monkey',
  'dragon',
  'abc123',
  '123456',
  '111111',
];

/** Judges a password by its length, its variety and what it repeats or gives away. `about` is what others know: name, address. */
export function strength(password: string, about: readonly string[] = []): Strength {
  if (password.length < minPassword) return 0;
  const rest = [...common, ...wordsOf(about)].reduce(
    (text, word) => text.replaceAll(word, '*'),
    password.toLowerCase(),
  );
  const characters = [...rest];
  const different = new Set(characters).size;
  const steps = characters.filter((c, i) => i > 0 && Math.abs(code(c) - code(characters[i - 1] ?? '')) <= 1).length;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length;
  const score = Math.min(different, characters.length - steps) + (kinds - 1) * 1.5;
  return score < 6 ? 1 : score < 10 ? 2 : score < 14 ? 3 : 4;
}

/** What a password keeps of the rules. Only its length is the server's business; the rest is advice. */
export interface Kept {
  readonly length: boolean;
  readonly uncommon: boolean;
  readonly impersonal: boolean;
}

/** Compares a password with the rules that are shown before it is typed; an empty one keeps none. */
export function rules(password: string, about: readonly string[] = []): Kept {
  const lower = password.toLowerCase();
  const free = (words: readonly string[]) => password !== '' && !words.some((word) => lower.includes(word));
  return {
    length: password.length >= minPassword && password.length <= maxPassword,
    uncommon: free(common),
    impersonal: free(wordsOf(about)),
  };
}

// Shorter words are found in too many others.
function wordsOf(about: readonly string[]): string[] {
  return about.flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u)).filter((word) => word.length > 3);
}

function code(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** What the server would say of a new password's length, without asking it. */
export function badPassword(password: string): Failure | undefined {
  if (password.length < minPassword) return { code: 'PASSWORD_TOO_SHORT', status: 400 };
  return password.length > maxPassword ? { code: 'PASSWORD_TOO_LONG', status: 400 } : undefined;
}
