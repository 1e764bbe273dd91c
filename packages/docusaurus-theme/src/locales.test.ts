// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { extractAllSourceCodeFileTranslations, getBabelOptions } from '@docusaurus/babel';
import { expect, it } from 'vitest';
import { textsOf } from './declaration/fieldTexts';
import { readDeclaration, shippedFile } from './declaration/readDeclaration';

const root = path.resolve(import.meta.dirname, '..');
const readMessages = (locale: string): Record<string, string> =>
  JSON.parse(readFileSync(path.join(root, 'locales', `${locale}.json`), 'utf8'));
const placeholdersIn = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

it('every language has each text of the code and of the shipped profile, with the same variables', async () => {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.|\.d\.ts$/.test(file))
    .map((file) => path.join(root, 'src', file))
    .filter((file) => readFileSync(file, 'utf8').includes('@docusaurus/Translate')); // Babel takes long for the others
  const extracted = await extractAllSourceCodeFileTranslations(files, getBabelOptions({ isServer: true }));
  expect(extracted.flatMap(({ warnings }) => warnings)).toEqual([]);
  const texts = textsOf(readDeclaration(shippedFile));
  for (const { translations } of extracted) {
    for (const [id, { message }] of Object.entries(translations)) {
      expect(texts, `${id} is used once`).not.toHaveProperty([id]);
      expect(id).toMatch(/^theme\.xenon\./);
      texts[id] = message;
    }
  }
  expect(readMessages('en')).toEqual(texts);
  const german = readMessages('de');
  expect(Object.keys(german).sort()).toEqual(Object.keys(texts).sort());
  for (const [id, text] of Object.entries(german))
    expect(placeholdersIn(text), id).toEqual(placeholdersIn(texts[id] ?? ''));
});
