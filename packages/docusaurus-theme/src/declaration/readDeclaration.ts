import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { ProfileField, ProfileFields } from '../profileFields';
import { packageName } from '../siteData';
import { readField } from './readField';
import { Problems, YamlMap } from './YamlMap';

const maxFields = 100;

/** The declaration of the learner profile, which Xenon has without the setting PROFILE_FIELDS. */
export const shippedFile = path.join(__dirname, '../../profile.yaml');

/**
 * Reads the fields of the profile from the file in the option `profile`. If the file is wrong, the error lists all
 * problems with their lines.
 */
export function readDeclaration(file: string): ProfileFields {
  const result = parseDeclaration(readText(file));
  if (result.problems.length === 0) return result.fields;
  const list = result.problems.map((problem) => `\n- ${problem}`).join('');
  throw new Error(
    `${packageName}, option profile: ${file} declares no fields for a profile:${list}\n` +
      'Xenon needs the same file in the setting PROFILE_FIELDS. Its page "Own profile fields" describes the form.',
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(
      `${packageName}, option profile: the file cannot be read: ${String(error)}. The path is relative to the ` +
        'folder of the site. For the shipped profile of a learner write profile: true, for no profile profile: false',
      { cause: error },
    );
  }
}

/** The fields of a declaration, and what is wrong with it. */
export function parseDeclaration(text: string): { fields: ProfileFields; problems: readonly string[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const problems = new Problems(lineCounter);
  for (const { pos, message } of document.errors) problems.addAt(pos[0], message);
  if (problems.found.length > 0) return { fields: [], problems: problems.found };
  if (document.contents === null) return { fields: [], problems: ['the file is empty; it needs the key fields'] };
  const nodes = YamlMap.read(document.contents, 'the file', ['fields'], problems)?.list('fields', maxFields) ?? [];
  const fields: ProfileField[] = [];
  for (const node of nodes) {
    const field = readField(node, problems);
    if (!field) continue;
    if (fields.some(({ name }) => name === field.name))
      problems.add(node, `the field ${field.name} is declared already`);
    fields.push(field);
  }
  return { fields, problems: problems.found };
}
