import { expect, it } from 'vitest';
import type { ProfileField } from '../profileFields';
import type { Answer } from './profile';
import { problemsInDetail, problemsOf } from './profileCheck';

const name = { name: 'a', label: 'A' } as const;
const choice: ProfileField = {
  ...name,
  type: 'choice',
  choices: [
    { value: 's', label: 'Small' },
    { value: 'm', label: 'Medium' },
  ],
};
const seats: ProfileField = { ...name, type: 'integer', min: 1, max: 12 };
const text: ProfileField = { ...name, type: 'text', max: 3 };
const code: ProfileField = { ...name, type: 'text', max: 10, pattern: '^[0-9]+$' };
const flag: ProfileField = { ...name, type: 'boolean' };

// The texts are those of the API.
it.each<[ProfileField, Answer, string | undefined]>([
  [choice, 's', undefined],
  [choice, null, undefined],
  [choice, 'xl', 'has to be one of s, m, or null'],
  [{ ...choice, default: 's' }, null, 'has to be one of s, m'],
  [seats, 1, undefined],
  [seats, 12, undefined],
  [seats, null, undefined],
  [seats, 0, 'has to be a whole number from 1 to 12 or null'],
  [seats, 1.5, 'has to be a whole number from 1 to 12 or null'],
  [seats, Number.POSITIVE_INFINITY, 'has to be a whole number from 1 to 12 or null'],
  [{ ...seats, default: 2 }, null, 'has to be a whole number from 1 to 12'],
  [text, 'abc', undefined],
  [text, '🙂🙂🙂', undefined],
  [text, 'abcd', 'has to be a text of 1 to 3 characters or null'],
  [text, '', 'has to be a text of 1 to 3 characters or null'],
  [{ ...text, default: 'x' }, null, 'has to be a text of 1 to 3 characters'],
  [code, '10115', undefined],
  [code, '10115a', 'has to be a text of 1 to 10 characters that matches ^[0-9]+$ or null'],
  [{ ...code, message: 'has to be a number' }, 'x', 'has to be a number'],
  [flag, false, undefined],
  [flag, null, undefined],
  [{ ...flag, default: false }, null, 'has to be true or false'],
])('%j with the answer %j: %s', (field, answer, problem) => {
  expect(problemsOf([field], { a: answer })).toEqual(problem === undefined ? {} : { a: problem });
});

it('only answers that are sent are checked', () => {
  expect(problemsOf([{ ...seats, default: 1 }], {})).toEqual({});
});

it('the problems in the answer of the API are found for each field', () => {
  const fields = [seats, { ...text, name: 'b' }];
  expect(problemsInDetail(fields, 'a: has to be 1; or: more; b: has to be a text')).toEqual({
    a: 'has to be 1; or: more',
    b: 'has to be a text',
  });
  expect(problemsInDetail(fields, 'the body is not an object')).toEqual({});
  expect(problemsInDetail(fields, undefined)).toEqual({});
});
