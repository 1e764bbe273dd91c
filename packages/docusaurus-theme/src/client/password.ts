import type { Failure } from './failure';
import { site } from './site';

/** The server's limits, in UTF-16 code units: both the server and JavaScript's `length` count them. */
export const { min: minPassword, max: maxPassword } = site.passwordLength;

/** How hard a password is to guess, from 0 (too short) to 4. Advice only: no password is rejected because of it. */
export type Strength = 0 | 1 | 2 | 3 | 4;

// Words and numbers that many leaked passwords contain. The form's rule about common words checks only these.
const commonWords = [
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

/**
 * Estimates the strength of a password from its length, the number of different characters, repetitions and the
 * passwords in `common` that it contains. `about` has texts that a person who guesses may know, such as the name and
 * the email.
 */
export function passwordStrength(password: string, about: readonly string[], common: readonly string[]): Strength {
  if (password.length < minPassword) return 0;
  const rest = [...common, ...wordsOf(about)].reduce(
    (text, word) => text.replaceAll(word, '*'),
    password.toLowerCase(),
  );
  const characters = [...rest];
  const different = new Set(characters).size;
  const steps = characters.filter(
    (c, i) => i > 0 && Math.abs(characterCode(c) - characterCode(characters[i - 1] ?? '')) <= 1,
  ).length;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length;
  const score = Math.min(different, characters.length - steps) + (kinds - 1) * 1.5;
  return score < 6 ? 1 : score < 10 ? 2 : score < 14 ? 3 : 4;
}

/**
 * Which rules of the form a password follows. The server checks the length, and rejects the passwords of its
 * own list if PASSWORD_BLOCKLIST is on. The form does not enforce the last two rules.
 */
export interface FollowedRules {
  readonly length: boolean;
  readonly withoutCommonWords: boolean;
  readonly withoutPersonalWords: boolean;
}

/** Checks a password against the rules that the form shows; an empty password follows none. */
export function followedRules(password: string, about: readonly string[] = []): FollowedRules {
  const lower = password.toLowerCase();
  const containsNone = (words: readonly string[]) => password !== '' && !words.some((word) => lower.includes(word));
  return {
    length: password.length >= minPassword && password.length <= maxPassword,
    withoutCommonWords: containsNone(commonWords),
    withoutPersonalWords: containsNone(wordsOf(about)),
  };
}

// Leaves out words of up to three letters, because many other words contain them.
function wordsOf(about: readonly string[]): string[] {
  return about.flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u)).filter((word) => word.length > 3);
}

function characterCode(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** Checks the length of a new password in the browser, and returns the same error as the server would. */
export function checkPasswordLength(password: string): Failure | undefined {
  if (password.length < minPassword) return { code: 'PASSWORD_TOO_SHORT', status: 400 };
  return password.length > maxPassword ? { code: 'PASSWORD_TOO_LONG', status: 400 } : undefined;
}
