import type { Node } from 'yaml';
import type { ProfileChoice, ProfileField } from '../profileFields';
import { type Problems, YamlMap } from './YamlMap';

// The rules of Xenon, which reads the same file. docs/profile-fields.md of Xenon lists them. Xenon also refuses
// patterns that mean something else in Postgres.
const maxChoices = 100;
const maxTextLength = 10_000;
const defaultTextLength = 255;
const maxLabelLength = 200;
const maxValueLength = 100;
const maxMessageLength = 500;
const maxPatternLength = 500;
const [minInteger, maxInteger] = [-2_147_483_648, 2_147_483_647];

const fieldKeys = ['name', 'type', 'label', 'choices', 'min', 'max', 'pattern', 'message', 'default'];
const keysOfSomeTypes = ['choices', 'min', 'max', 'pattern'];

/** The keys of a field of each type, besides those of all fields. */
const keysOf: Record<ProfileField['type'], readonly string[]> = {
  choice: ['choices'],
  text: ['max', 'pattern'],
  integer: ['min', 'max'],
  boolean: [],
};

const namePattern = /^[a-z][a-z0-9_]{0,62}$/;
const reservedNames = [
  ...['id', 'user_id', 'created_at', 'updated_at'],
  ...['action', 'fields', 'hash', 'key', 'original', 'raw', 'reason', 'refused', 'residue', 'written'],
  ...['cmax', 'cmin', 'ctid', 'tableoid', 'xmax', 'xmin', 'constructor', 'prototype'],
];

/** Reads a field; undefined if it has no valid name, label or type. */
export function readField(node: Node, problems: Problems): ProfileField | undefined {
  const map = YamlMap.read(node, 'a field', fieldKeys, problems);
  if (!map) return undefined;
  const name = readName(map);
  const label = map.requireText('label', maxLabelLength);
  const message = map.text('message', maxMessageLength);
  const typed = readTyped(map, problems);
  if (name === undefined || label === undefined || !typed) return undefined;
  return { name, label, ...(message !== undefined && { message }), ...typed };
}

function readName(map: YamlMap): string | undefined {
  const name = map.requireText('name', 1000);
  if (name === undefined) return undefined;
  if (!namePattern.test(name))
    return map.report(
      'name',
      `the name "${name}" is not allowed: a name begins with a lower-case letter and has at most 63 lower-case ` +
        'letters, digits and underscores',
    );
  if (!reservedNames.includes(name)) return name;
  return map.report('name', `the name "${name}" is reserved; reserved names are ${reservedNames.join(', ')}`);
}

// Each type without the members of all fields.
type WithoutTexts<F> = F extends ProfileField ? Omit<F, 'name' | 'label' | 'message'> : never;
type Typed = WithoutTexts<ProfileField>;

function readTyped(map: YamlMap, problems: Problems): Typed | undefined {
  const type = map.requireText('type', maxValueLength);
  if (type === undefined) return undefined;
  if (!isType(type))
    return map.report('type', `the type "${type}" is unknown; the types are ${Object.keys(keysOf).join(', ')}`);
  for (const key of keysOfSomeTypes)
    if (map.at(key) && !keysOf[type].includes(key)) map.report(key, `a field of type ${type} has no ${key}`);
  if (type === 'choice') return readChoiceField(map, problems);
  if (type === 'text') return readTextField(map);
  return type === 'integer' ? readIntegerField(map) : readBooleanField(map);
}

function isType(type: string): type is ProfileField['type'] {
  return Object.hasOwn(keysOf, type);
}

/** The default of a field, if `isAllowed` accepts it. */
function readDefault<T>(map: YamlMap, isAllowed: (value: unknown) => value is T): { default?: T } {
  if (!map.at('default')) return {};
  const value = map.scalar('default');
  if (isAllowed(value)) return { default: value };
  map.report('default', 'default has to be a value that the field can have');
  return {};
}

function readChoiceField(map: YamlMap, problems: Problems): Typed {
  const choices: ProfileChoice[] = [];
  for (const node of map.list('choices', maxChoices)) {
    const choice = YamlMap.read(node, 'a choice', ['value', 'label'], problems);
    const [value, label] = [choice?.requireText('value', maxValueLength), choice?.requireText('label', maxLabelLength)];
    if (value === undefined || label === undefined) continue;
    if (choices.some((other) => other.value === value)) problems.add(node, `the choice "${value}" occurs twice`);
    choices.push({ value, label });
  }
  const isChoice = (value: unknown): value is string => choices.some((choice) => choice.value === value);
  return { type: 'choice', choices, ...readDefault(map, isChoice) };
}

function readTextField(map: YamlMap): Typed {
  const max = map.integer('max', 1, maxTextLength) ?? defaultTextLength;
  const pattern = map.text('pattern', maxPatternLength);
  const expression = pattern === undefined ? /(?:)/u : compile(map, pattern);
  const isText = (value: unknown): value is string =>
    typeof value === 'string' && value !== '' && [...value].length <= max && (expression?.test(value) ?? true);
  return { type: 'text', max, ...(pattern !== undefined && { pattern }), ...readDefault(map, isText) };
}

function compile(map: YamlMap, pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return map.report('pattern', `the pattern ${pattern} is not valid: ${error.message}`);
  }
}

function readIntegerField(map: YamlMap): Typed {
  const min = map.integer('min', minInteger, maxInteger) ?? minInteger;
  const max = map.integer('max', minInteger, maxInteger) ?? maxInteger;
  if (min > max) map.report('min', 'min is greater than max');
  const isAllowed = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
  return { type: 'integer', min, max, ...readDefault(map, isAllowed) };
}

function readBooleanField(map: YamlMap): Typed {
  return { type: 'boolean', ...readDefault(map, (value: unknown): value is boolean => typeof value === 'boolean') };
}
