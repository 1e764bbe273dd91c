import { translate } from '@docusaurus/Translate';
import type { Answer } from '../../client/profile';
import { texts } from '../../client/texts';
import type { ProfileField } from '../../profileFields';

const yes = (): string => translate({ id: 'theme.xenon.profile.yes', message: 'Yes' });
const no = (): string => translate({ id: 'theme.xenon.profile.no', message: 'No' });

/** An answer as text. */
export function answerText(field: ProfileField, answer: Answer): string {
  if (answer === null) return texts.noAnswer();
  if (typeof answer === 'boolean') return answer ? yes() : no();
  if (isLanguage(field)) return languageName(String(answer));
  const choice = field.type === 'choice' ? field.choices.find(({ value }) => value === answer) : undefined;
  return choice?.label ?? String(answer);
}

/** Whether a field is shown as a list of languages: a text with the name that the shipped profile has for it. */
export function isLanguage(field: ProfileField): boolean {
  return field.type === 'text' && field.name === 'preferred_language';
}

const languages = [
  ...['ar', 'bn', 'de', 'en', 'es', 'fr', 'hi', 'id', 'it', 'ja', 'ko'],
  ...['nl', 'pl', 'pt', 'ru', 'sw', 'tr', 'uk', 'ur', 'vi', 'zh'],
];

interface Option {
  readonly value: string;
  readonly label: string;
}

/** The languages to choose from, including `chosen`: a profile can have any language. */
export function languageOptions(chosen: string): readonly Option[] {
  const all = chosen === '' || languages.includes(chosen) ? languages : [chosen, ...languages];
  return all.map((value) => ({ value, label: languageName(value) }));
}

// The name of a language in that language.
function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** The choices of a field, including `chosen`: a profile can have a value that the declaration does not have. */
export function choiceOptions(
  { choices }: Extract<ProfileField, { type: 'choice' }>,
  chosen: Answer,
): readonly Option[] {
  const isKnown = chosen === null || choices.some(({ value }) => value === chosen);
  return isKnown ? choices : [...choices, { value: String(chosen), label: String(chosen) }];
}
