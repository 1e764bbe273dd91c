import { translate } from '@docusaurus/Translate';
import type { ProfileField, ProfileFields } from '../profileFields';
import type { Answer, Answers } from './profile';

/** What is wrong with answers, by the names of the fields. */
export interface Problems {
  readonly [field: string]: string;
}

/** The problems of those answers that the API would reject. `answers` has only the fields to send. */
export function problemsOf(fields: ProfileFields, answers: Answers): Problems {
  const wrong = fields.filter((field) => field.name in answers && !isAllowed(field, answers[field.name] ?? null));
  return Object.fromEntries(wrong.map((field) => [field.name, problemOf(field)]));
}

/**
 * Reads the problems from the detail of the API's error, such as `seats: has to be …; visible: has to be …`. A problem
 * can contain a semicolon, so it ends before the name of the next field.
 */
export function problemsInDetail(fields: ProfileFields, detail = ''): Problems {
  const names = fields.map(({ name }) => name).join('|');
  const [, ...parts] = detail.split(new RegExp(`(?:^|; )(${names}): `));
  const pairs = parts.flatMap((name, i) => (i % 2 === 0 ? [[name, parts[i + 1] ?? '']] : []));
  return Object.fromEntries(pairs);
}

function isAllowed(field: ProfileField, answer: Answer): boolean {
  if (answer === null) return field.default === undefined;
  if (field.type === 'choice') return field.choices.some(({ value }) => value === answer);
  if (field.type === 'boolean') return typeof answer === 'boolean';
  if (field.type === 'integer')
    return typeof answer === 'number' && Number.isInteger(answer) && answer >= field.min && answer <= field.max;
  const length = typeof answer === 'string' ? [...answer].length : 0; // of characters, not of UTF-16 units
  const isMatch = field.pattern === undefined || new RegExp(field.pattern, 'u').test(String(answer));
  return length >= 1 && length <= field.max && isMatch;
}

/** What is wrong with an answer that is not allowed: the message of the declaration, or the one of the API. */
export function problemOf(field: ProfileField): string {
  if (field.message !== undefined) return field.message;
  const isNullable = field.default === undefined;
  if (field.type === 'choice') return choiceProblem(field.choices.map(({ value }) => value).join(', '), isNullable);
  const problem = generalProblem(field);
  if (!isNullable) return problem;
  return translate({ id: 'theme.xenon.profile.problem.orNull', message: '{problem} or null' }, { problem });
}

function choiceProblem(values: string, isNullable: boolean): string {
  return isNullable
    ? translate(
        { id: 'theme.xenon.profile.problem.choiceOrNull', message: 'has to be one of {values}, or null' },
        { values },
      )
    : translate({ id: 'theme.xenon.profile.problem.choice', message: 'has to be one of {values}' }, { values });
}

function generalProblem(field: Exclude<ProfileField, { type: 'choice' }>): string {
  if (field.type === 'boolean')
    return translate({ id: 'theme.xenon.profile.problem.boolean', message: 'has to be true or false' });
  const { max } = field;
  if (field.type === 'integer')
    return translate(
      { id: 'theme.xenon.profile.problem.integer', message: 'has to be a whole number from {min} to {max}' },
      { min: field.min, max },
    );
  if (field.pattern === undefined)
    return translate(
      { id: 'theme.xenon.profile.problem.text', message: 'has to be a text of 1 to {max} characters' },
      { max },
    );
  return translate(
    {
      id: 'theme.xenon.profile.problem.pattern',
      message: 'has to be a text of 1 to {max} characters that matches {pattern}',
    },
    { max, pattern: field.pattern },
  );
}
