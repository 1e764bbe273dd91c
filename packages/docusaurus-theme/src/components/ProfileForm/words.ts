import { translate } from '@docusaurus/Translate';
import { type Answers, type ChoiceField, profileChoices } from '../../client/profile';
import { texts } from '../../client/texts';

type Text = () => string;

/** The question of each field, in the order of the form. */
export const questions: { readonly [F in keyof Answers]: Text } = {
  primary_goal: () => translate({ id: 'theme.xenon.profile.primary_goal', message: 'Why are you learning?' }),
  tech_background: () => translate({ id: 'theme.xenon.profile.tech_background', message: 'What do you do?' }),
  education_level: () => translate({ id: 'theme.xenon.profile.education_level', message: 'What is your education?' }),
  age_range: () => translate({ id: 'theme.xenon.profile.age_range', message: 'How old are you?' }),
  learning_mode: () => translate({ id: 'theme.xenon.profile.learning_mode', message: 'How do you learn best?' }),
  learning_speed: () =>
    translate({ id: 'theme.xenon.profile.learning_speed', message: 'How fast do you like to learn?' }),
  time_per_week: () => translate({ id: 'theme.xenon.profile.time_per_week', message: 'Hours a week' }),
  preferred_language: () => translate({ id: 'theme.xenon.profile.preferred_language', message: 'Language' }),
};

const answerTexts: { readonly [F in ChoiceField]: { readonly [V in (typeof profileChoices)[F][number]]: Text } } = {
  age_range: {
    under_18: () => translate({ id: 'theme.xenon.profile.age_range.under_18', message: 'Under 18' }),
    '18_24': () => translate({ id: 'theme.xenon.profile.age_range.18_24', message: '18 to 24' }),
    '25_34': () => translate({ id: 'theme.xenon.profile.age_range.25_34', message: '25 to 34' }),
    '35_plus': () => translate({ id: 'theme.xenon.profile.age_range.35_plus', message: '35 or older' }),
  },
  education_level: {
    high_school: () => translate({ id: 'theme.xenon.profile.education_level.high_school', message: 'High school' }),
    undergrad: () => translate({ id: 'theme.xenon.profile.education_level.undergrad', message: 'Bachelor’s' }),
    masters: () => translate({ id: 'theme.xenon.profile.education_level.masters', message: 'Master’s' }),
    phd: () => translate({ id: 'theme.xenon.profile.education_level.phd', message: 'Doctorate' }),
    self_taught: () => translate({ id: 'theme.xenon.profile.education_level.self_taught', message: 'Self-taught' }),
  },
  tech_background: {
    software_engineer: () =>
      translate({ id: 'theme.xenon.profile.tech_background.software_engineer', message: 'Software engineer' }),
    hardware_engineer: () =>
      translate({ id: 'theme.xenon.profile.tech_background.hardware_engineer', message: 'Hardware engineer' }),
    student: () => translate({ id: 'theme.xenon.profile.tech_background.student', message: 'Student' }),
    hobbyist: () => translate({ id: 'theme.xenon.profile.tech_background.hobbyist', message: 'Hobbyist' }),
  },
  primary_goal: {
    career_switch: () => translate({ id: 'theme.xenon.profile.primary_goal.career_switch', message: 'A new career' }),
    academic: () => translate({ id: 'theme.xenon.profile.primary_goal.academic', message: 'Study or research' }),
    hobby_project: () =>
      translate({ id: 'theme.xenon.profile.primary_goal.hobby_project', message: 'A project of my own' }),
    startup_founder: () =>
      translate({ id: 'theme.xenon.profile.primary_goal.startup_founder', message: 'Founding a company' }),
  },
  learning_mode: {
    visual: () => translate({ id: 'theme.xenon.profile.learning_mode.visual', message: 'Pictures and diagrams' }),
    textual: () => translate({ id: 'theme.xenon.profile.learning_mode.textual', message: 'Reading' }),
    code_first: () => translate({ id: 'theme.xenon.profile.learning_mode.code_first', message: 'Code first' }),
  },
  learning_speed: {
    intensive: () => translate({ id: 'theme.xenon.profile.learning_speed.intensive', message: 'Intensive' }),
    balanced: () => translate({ id: 'theme.xenon.profile.learning_speed.balanced', message: 'Balanced' }),
    casual: () => translate({ id: 'theme.xenon.profile.learning_speed.casual', message: 'Casual' }),
  },
};

/** The answers to choose from. */
export function answerOptions<F extends ChoiceField>(
  field: F,
): Array<{ value: (typeof profileChoices)[F][number]; label: string }> {
  const words = answerTexts[field];
  return profileChoices[field].map((value: (typeof profileChoices)[F][number]) => ({ value, label: words[value]() }));
}

/** An answer as text. */
export function answerOf(field: keyof Answers, value: Answers[keyof Answers]): string {
  if (value === null) return texts.noAnswer();
  if (field === 'preferred_language') return languageName(String(value));
  const words = field === 'time_per_week' ? undefined : (answerTexts[field] as Record<string, Text>)[value];
  return words?.() ?? String(value);
}

const languages = [
  'ar',
  'bn',
  'de',
  'en',
  'es',
  'fr',
  'hi',
  'id',
  'it',
  'ja',
  'ko',
  'nl',
  'pl',
  'pt',
  'ru',
  'sw',
  'tr',
  'uk',
  'ur',
  'vi',
  'zh',
];

/** The languages to choose from, including `chosen`: an imported profile can have any language. */
export function languageOptions(chosen: string): Array<{ value: string; label: string }> {
  const all = languages.includes(chosen) ? languages : [chosen, ...languages];
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
