// @vitest-environment node
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDeclaration, readDeclaration, shippedFile } from './readDeclaration';

const exampleFile = path.resolve(import.meta.dirname, '../../../../examples/profile-fields/profile.yaml');

it('reads the shipped profile of a learner', () => {
  const fields = readDeclaration(shippedFile);
  expect(fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'age_range choice',
    'education_level choice',
    'tech_background choice',
    'primary_goal choice',
    'learning_mode choice',
    'learning_speed choice',
    'time_per_week integer',
    'preferred_language text',
  ]);
  expect(fields.at(-1)).toEqual({
    name: 'preferred_language',
    type: 'text',
    label: 'Language',
    max: 10,
    pattern: '^[A-Za-z]{2,8}([-_][A-Za-z0-9]+)*$',
    message: 'has to be a language tag such as en or pt-BR, of at most 10 characters',
    default: 'en',
  });
});

it('reads limits, choices and defaults of each type', () => {
  expect(readDeclaration(exampleFile)).toMatchObject([
    { name: 'display_name', max: 80 },
    { name: 'postal_code', pattern: '^[0-9A-Z][0-9A-Z -]*$' },
    { name: 'track', default: 'beginner', choices: [{ value: 'beginner', label: 'Beginner' }, {}, {}] },
    { name: 'shirt_size', choices: [{ value: 's' }, { value: 'm' }, { value: 'l' }] },
    { name: 'seats', min: 1, max: 12, default: 1 },
    { name: 'year_of_birth', min: 1900, max: 2100 },
    { name: 'newsletter', type: 'boolean' },
    { name: 'visible', type: 'boolean', default: false },
  ]);
});

it('has the limits of the API where the file has none', () => {
  const text = 'fields: [{name: a, type: text, label: A}, {name: b, type: integer, label: B}]';
  expect(parseDeclaration(text).fields).toEqual([
    { name: 'a', type: 'text', label: 'A', max: 255 },
    { name: 'b', type: 'integer', label: 'B', min: -2_147_483_648, max: 2_147_483_647 },
  ]);
});

const oneField = 'fields:\n  - name: a\n    type: boolean\n    label: A\n';
const fieldWith = (members: string) => `fields: [{name: a, label: A, ${members}}]`;
const choiceWith = (members: string) => fieldWith(`type: choice, choices: [${members}]`);
const manyFields = (count: number) =>
  `fields:\n${Array.from({ length: count }, (_, i) => `  - {name: f${i}, type: boolean, label: F}\n`).join('')}`;

describe('a problem has its line, and what is possible instead', () => {
  it.each<[string, string]>([
    ['', 'the file is empty; it needs the key fields'],
    ['fields: [', 'line 1: '],
    ['- a', 'line 1: the file has to be a mapping with the keys fields'],
    ['fields: []', 'line 1: fields has 0 items; it can have 1 to 100'],
    ['fields: text', 'line 1: fields has to be a list'],
    ['field: []', 'line 1: unknown key "field"; the file can have fields'],
    ['field: []', 'line 1: fields is missing'],
    [`${oneField}---\na: 1`, 'multiple documents'],
    [`${oneField}    labels: x\n`, 'line 5: unknown key "labels"; a field can have name, type, label'],
    [`${oneField}    label: x\n`, 'line 5: Map keys must be unique'],
    [`${oneField}    max: 3\n`, 'line 5: a field of type boolean has no max'],
    [`${oneField}    default: 1\n`, 'line 5: default has to be a value that the field can have'],
    [`${oneField}  - name: a\n    type: boolean\n    label: A\n`, 'line 5: the field a is declared already'],
    ['fields: [{type: boolean, label: A}]', 'line 1: name is missing'],
    ['fields: [{name: a, type: boolean}]', 'line 1: label is missing'],
    ['fields: [{name: a, label: A}]', 'line 1: type is missing'],
    [
      'fields: [{name: Age, type: boolean, label: A}]',
      'the name "Age" is not allowed: a name begins with a lower-case',
    ],
    [`fields: [{name: ${'a'.repeat(64)}, type: boolean, label: A}]`, 'is not allowed'],
    ['fields: [{name: user_id, type: boolean, label: A}]', 'the name "user_id" is reserved; reserved names are id'],
    ['fields: [{name: constructor, type: boolean, label: A}]', 'the name "constructor" is reserved'],
    ['fields: [{name: a, type: date, label: A}]', 'the type "date" is unknown; the types are choice, text, integer'],
    ['fields: [{name: a, type: toString, label: A}]', 'the type "toString" is unknown'],
    ['fields: [{name: a, type: boolean, label: 12}]', 'label has to be a text; put 12 in quotes'],
    ['fields: [{name: a, type: boolean, label: }]', 'label has to be a text'],
    [`fields: [{name: a, type: boolean, label: ${'x'.repeat(201)}}]`, 'label has 201 characters; it can have 1 to 200'],
    [fieldWith('type: choice'), 'choices is missing'],
    [choiceWith(''), 'choices has 0 items; it can have 1 to 100'],
    [choiceWith('{value: b}'), 'label is missing'],
    [choiceWith('{value: 1, label: One}'), 'value has to be a text; put 1 in quotes'],
    [choiceWith('b'), 'a choice has to be a mapping with the keys value, label'],
    [choiceWith('{value: b, label: B}, {value: b, label: C}'), 'the choice "b" occurs twice'],
    [`${choiceWith('{value: b, label: B}').slice(0, -2)}, default: c}]`, 'default has to be a value'],
    [fieldWith('type: integer, min: 5, max: 4'), 'min is greater than max'],
    [fieldWith('type: integer, max: 2147483648'), 'max has to be a whole number from -2147483648 to 2147483647'],
    [fieldWith('type: integer, min: 1.5'), 'min has to be a whole number'],
    [fieldWith('type: integer, min: 0, default: -1'), 'default has to be a value'],
    [fieldWith('type: text, max: 10001'), 'max has to be a whole number from 1 to 10000'],
    [fieldWith('type: text, max: 3, default: abcd'), 'default has to be a value'],
    [fieldWith("type: text, default: ''"), 'default has to be a value'],
    [fieldWith("type: text, pattern: '^a', default: b"), 'default has to be a value'],
    [fieldWith("type: text, pattern: '('"), 'the pattern ( is not valid'],
    [fieldWith("type: text, pattern: '(?P<n>a)'"), 'is not valid'],
    ['fields: [&x {name: a, type: boolean, label: A}, *x]', 'a field has to be a mapping'],
  ])('%j', (text, want) => {
    expect(parseDeclaration(text).problems.join('\n')).toContain(want);
  });

  it('all problems of a file are reported', () => {
    const text =
      'fields:\n  - {name: id, type: text, label: A}\n  - {name: b, type: c, label: B}\n  - {name: d, lable: D}\n';
    expect(parseDeclaration(text).problems.map((problem) => problem.slice(0, 6))).toEqual([
      'line 2',
      'line 3',
      'line 4',
      'line 4',
      'line 4',
    ]);
  });

  it('100 fields are allowed, and not more', () => {
    expect(parseDeclaration(manyFields(100)).problems).toEqual([]);
    expect(parseDeclaration(manyFields(200)).problems).toEqual(['line 2: fields has 200 items; it can have 1 to 100']);
  });
});
