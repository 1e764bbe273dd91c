import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useRef } from 'react';
import type { Answer } from '../../client/profile';
import type { Draft } from '../../client/profileDraft';
import { answerText } from '../ProfileForm/words';
import styles from './styles.module.css';

interface Props {
  readonly draft: Draft;
  readonly onChoose: (field: string, answer: Answer) => void;
}

/** Lets the person choose between the answers in this form and those saved elsewhere, for example in another tab. */
export default function ProfileConflict({ draft, onChoose }: Props): ReactNode {
  const { fields, answers, conflicts } = draft;
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
      {conflicts.map(({ field: name, mine, theirs }) => {
        const field = fields.find((one) => one.name === name);
        if (!field) return null;
        const sides = [
          [mine, translate({ id: 'theme.xenon.profile.conflict.mine', message: 'Yours, not saved yet' })],
          [theirs, translate({ id: 'theme.xenon.profile.conflict.theirs', message: 'Saved elsewhere' })],
        ] as const;
        return (
          <fieldset key={name}>
            <legend>{field.label}</legend>
            {sides.map(([answer, label]) => (
              <AnswerOption
                key={label}
                name={`conflict-${name}`}
                label={label}
                answer={answerText(field, answer)}
                checked={answers[name] === answer}
                onChange={() => onChoose(name, answer)}
              />
            ))}
          </fieldset>
        );
      })}
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
