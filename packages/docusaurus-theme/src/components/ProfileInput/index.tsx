import type { ReactNode } from 'react';
import type { Answer } from '../../client/profile';
import { texts } from '../../client/texts';
import type { ProfileField } from '../../profileFields';
import Choice from '../Choice';
import Field from '../Field';
import { answerText, choiceOptions, isLanguage, languageOptions } from '../ProfileForm/words';
import SelectField from '../SelectField';

interface Props {
  readonly field: ProfileField;
  readonly answer: Answer;
  readonly problem: string | undefined;
  readonly onChange: (answer: Answer) => void;
}

/** The input for one field of the profile: radio buttons, a list, a number or a text. */
export default function ProfileInput({ field, answer, problem, onChange }: Props): ReactNode {
  const common = { name: field.name, label: field.label, error: problem };
  // A field with a default has no empty answer. An empty answer that it has nevertheless is shown.
  const canBeEmpty = field.default === undefined || answer === null;
  const text = answer === null ? '' : String(answer);
  if (field.type === 'choice')
    return (
      <Choice
        name={field.name}
        legend={field.label}
        error={problem}
        options={choiceOptions(field, answer)}
        hasNone={canBeEmpty}
        value={answer === null ? null : text}
        onChange={onChange}
      />
    );
  if (field.type === 'boolean')
    return (
      <SelectField
        {...common}
        options={[...(canBeEmpty ? [noAnswer()] : []), ...booleans(field)]}
        value={text}
        onChange={(value) => onChange(value === '' ? null : value === 'true')}
      />
    );
  if (isLanguage(field))
    return (
      <SelectField
        {...common}
        options={[...(canBeEmpty ? [noAnswer()] : []), ...languageOptions(text)]}
        isLanguage
        value={text}
        onChange={(value) => onChange(value || null)}
      />
    );
  const onInput = (typed: string) => onChange(typed === '' ? null : field.type === 'integer' ? Number(typed) : typed);
  return <Field {...common} {...inputOf(field)} autoComplete="off" value={text} onChange={onInput} />;
}

const noAnswer = () => ({ value: '', label: texts.noAnswer() });

const booleans = (field: ProfileField) =>
  [true, false].map((value) => ({ value: String(value), label: answerText(field, value) }));

/** The properties of the input of a number or a text. */
function inputOf(field: ProfileField) {
  if (field.type === 'text') return { type: 'text', maxLength: field.max } as const;
  if (field.type !== 'integer') return {};
  const { min, max } = field;
  // The keyboards of some phones for numbers have no minus sign.
  return { type: 'number', inputMode: min < 0 ? 'text' : 'numeric', min, max, step: 1 } as const;
}
