import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useRef } from 'react';
import type { Answers } from '../../client/profile';
import type { Conflict } from '../../client/profileDraft';
import { answerOf, questions } from '../ProfileForm/words';
import styles from './styles.module.css';

interface Props {
  readonly conflicts: readonly Conflict[];
  /** The current answers of the form. */
  readonly answers: Answers;
  readonly onChoose: (field: keyof Answers, value: Answers[keyof Answers]) => void;
}

/** Lets the person choose between the answers in this form and those saved elsewhere, for example in another tab. */
export default function ProfileConflict({ conflicts, answers, onChoose }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new conflicts take the focus
  useEffect(() => box.current?.focus(), [conflicts]);
  return (
    <div ref={box} role="alert" aria-live="off" tabIndex={-1} className={styles.conflict}>
      <p>
        <strong>
          {translate({
            id: 'theme.xenon.profile.conflict.title',
            message: 'Your profile was changed elsewhere in the meantime.',
          })}
        </strong>{' '}
        {translate({
          id: 'theme.xenon.profile.conflict.what',
          message: 'Nothing is lost. Choose which answers to keep, then save again.',
        })}
      </p>
      {conflicts.map(({ field, mine, theirs }) => (
        <fieldset key={field}>
          <legend>{questions[field]()}</legend>
          <AnswerOption
            name={`conflict-${field}`}
            label={translate({ id: 'theme.xenon.profile.conflict.mine', message: 'Yours, not saved yet' })}
            answer={answerOf(field, mine)}
            checked={answers[field] === mine}
            onChange={() => onChoose(field, mine)}
          />
          <AnswerOption
            name={`conflict-${field}`}
            label={translate({ id: 'theme.xenon.profile.conflict.theirs', message: 'Saved elsewhere' })}
            answer={answerOf(field, theirs)}
            checked={answers[field] === theirs}
            onChange={() => onChoose(field, theirs)}
          />
        </fieldset>
      ))}
    </div>
  );
}

interface AnswerOptionProps {
  readonly name: string;
  readonly label: string;
  readonly answer: string;
  readonly checked: boolean;
  readonly onChange: () => void;
}

function AnswerOption({ name, label, answer, checked, onChange }: AnswerOptionProps): ReactNode {
  return (
    <label className={styles.side}>
      <input type="radio" name={name} checked={checked} onChange={onChange} />
      <span>
        <strong>{answer}</strong> <small>{label}</small>
      </span>
    </label>
  );
}
