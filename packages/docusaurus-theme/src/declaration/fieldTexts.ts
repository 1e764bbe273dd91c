import type { TranslationFile } from '@docusaurus/types';
import type { ProfileField, ProfileFields } from '../profileFields';

/** The ids of the texts of fields begin with this, in locales/ and in the translation file of a site. */
export const fieldTextPrefix = 'theme.xenon.profile.field.';

/** Replaces the texts of fields. `replace` gets the id of each text. */
export function mapTexts(fields: ProfileFields, replace: (id: string, text: string) => string): ProfileFields {
  return fields.map((field): ProfileField => {
    const replacePart = (part: string, text: string) => replace(`${fieldTextPrefix}${field.name}.${part}`, text);
    const texts = {
      label: replacePart('label', field.label),
      ...(field.message !== undefined && { message: replacePart('message', field.message) }),
    };
    if (field.type !== 'choice') return { ...field, ...texts };
    const choices = field.choices.map(({ value, label }) => ({ value, label: replacePart(`choice.${value}`, label) }));
    return { ...field, ...texts, choices };
  });
}

/** The texts of fields by their ids. */
export function textsOf(fields: ProfileFields): Record<string, string> {
  const texts: Record<string, string> = {};
  mapTexts(fields, (id, text) => {
    texts[id] = text;
    return text;
  });
  return texts;
}

/**
 * Translates the texts that are those of the shipped declaration into a language of the theme. `shipped` and
 * `translated` are the texts by their ids.
 */
export function localize(
  fields: ProfileFields,
  shipped: Readonly<Record<string, string>>,
  translated: Readonly<Record<string, string>>,
): ProfileFields {
  return mapTexts(fields, (id, text) => (shipped[id] === text ? (translated[id] ?? text) : text));
}

/** The file that `docusaurus write-translations` writes: i18n/<locale>/docusaurus-theme-xenon/profile.json. */
export function translationFileOf(fields: ProfileFields): TranslationFile {
  const entries = Object.entries(textsOf(fields)).map(([id, message]) => [id, { message }] as const);
  return { path: 'profile', content: Object.fromEntries(entries) };
}

/** The fields with the texts of the site's translation files. */
export function translateFields(fields: ProfileFields, files: readonly TranslationFile[]): ProfileFields {
  const content = files.find((file) => file.path === 'profile')?.content ?? {};
  return mapTexts(fields, (id, text) => content[id]?.message ?? text);
}
