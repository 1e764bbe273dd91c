import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonPasswords } from './commonPasswords';
import { checkPasswordLength, followedRules, maxPassword, minPassword, passwordStrength } from './password';

// None of the common passwords can be written with these letters.
const letters = fc.constantFrom(...'bhjkvxzBHJKVXZ79!?*é漢');
const passwordText = (min: number, max: number) =>
  fc.array(letters, { minLength: min, maxLength: max }).map((all) => all.join(''));

const strengthOf = (password: string, about: readonly string[] = []) =>
  passwordStrength(password, about, commonPasswords);

describe('passwordStrength', () => {
  it.each([
    ['', 0],
    ['kX9!vB?', 0],
    ['password', 1],
    ['Password123456', 1],
    ['qwertyqwerty', 1],
    ['aaaaaaaaaaaaaaaaaaaa', 1],
    ['abcdefghijklmnop', 1],
    ['87654321', 1],
    ['horsestable', 1], // both words are common passwords,
    ['horse staple', 3],
    ['correct horse battery staple', 4],
    ['kX9!vB?7zHj*2mQ#', 4],
    ['漢字仮名交じり文の長い合言葉です', 4],
  ] as const)('of %j is %i', (password, want) => {
    expect(strengthOf(password)).toBe(want);
  });

  it('is less for a password with the name or email address', () => {
    expect(strengthOf('ada-lovelace-1815', ['Ada Lovelace', 'lovelace@example.com'])).toBeLessThan(
      strengthOf('ada-lovelace-1815'),
    );
    expect(strengthOf('lovelacelovelace', ['Ada Lovelace'])).toBe(1);
  });

  it('ignores short names, which are part of many words', () => {
    expect(strengthOf('correct horse battery staple', ['Al', 'a@b.co'])).toBe(4);
  });

  it('never decreases with one more character', () => {
    fc.assert(
      fc.property(passwordText(0, 40), letters, (password, more) => {
        expect(strengthOf(password + more)).toBeGreaterThanOrEqual(strengthOf(password));
      }),
    );
  });

  it('never increases with texts that others know', () => {
    fc.assert(
      fc.property(passwordText(8, 30), fc.array(passwordText(0, 10)), (password, about) => {
        expect(strengthOf(password, about)).toBeLessThanOrEqual(strengthOf(password));
      }),
    );
  });

  it('is 0 exactly when it is too short', () => {
    fc.assert(
      fc.property(fc.string(), (password) => {
        expect(strengthOf(password) === 0).toBe(password.length < minPassword);
      }),
    );
  });
});

describe('followedRules', () => {
  it('are all broken by an empty password', () => {
    expect(followedRules('', ['Ada'])).toEqual({
      length: false,
      withoutCommonWords: false,
      withoutPersonalWords: false,
    });
  });

  it.each([
    ['seven77', { length: false, withoutCommonWords: true, withoutPersonalWords: true }],
    ['PASSWORD1', { length: true, withoutCommonWords: false, withoutPersonalWords: true }],
    ['i am lovelace', { length: true, withoutCommonWords: true, withoutPersonalWords: false }],
    ['correct horse', { length: true, withoutCommonWords: true, withoutPersonalWords: true }],
    ['x'.repeat(maxPassword + 1), { length: false, withoutCommonWords: true, withoutPersonalWords: true }],
  ])('of %j', (password, want) => {
    expect(followedRules(password, ['Ada Lovelace', 'ada@example.com'])).toEqual(want);
  });

  it('count the length in UTF-16 code units, as the server does', () => {
    expect(followedRules('🐴🐴🐴🐴').length).toBe(true);
    expect(followedRules('🐴🐴🐴').length).toBe(false);
  });
});

describe('checkPasswordLength', () => {
  it('returns the error of the server', () => {
    expect(checkPasswordLength('x'.repeat(minPassword - 1))?.code).toBe('PASSWORD_TOO_SHORT');
    expect(checkPasswordLength('x'.repeat(minPassword))).toBeUndefined();
    expect(checkPasswordLength('x'.repeat(maxPassword))).toBeUndefined();
    expect(checkPasswordLength('x'.repeat(maxPassword + 1))?.code).toBe('PASSWORD_TOO_LONG');
  });
});
