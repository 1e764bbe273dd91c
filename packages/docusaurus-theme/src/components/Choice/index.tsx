import { type ReactNode, useId } from 'react';
import { texts } from '../../client/texts';
import styles from './styles.module.css';

interface Props {
  readonly name: string;
  readonly legend: string;
  readonly error?: string | undefined;
  readonly options: ReadonlyArray<{ readonly value: string; readonly label: string }>;
  /** Whether "no answer" is one of the options. */
  readonly hasNone: boolean;
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
}

/** A question with a few answers as radio buttons. */
export default function Choice({ name, legend, error, options, hasNone, value, onChange }: Props): ReactNode {
  const errorId = useId();
  const none = hasNone ? [{ value: null, label: texts.noAnswer() }] : [];
  return (
    <fieldset className={styles.choice} aria-describedby={error ? errorId : undefined}>
      <legend>{legend}</legend>
      <div className={styles.options}>
        {[...options, ...none].map((option) => (
          <label key={option.value} className={styles.option}>
            <input
              type="radio"
              name={name}
              value={option.value ?? ''}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
      {error && (
        <p id={errorId} className={styles.error}>
          {error}
        </p>
      )}
    </fieldset>
  );
}
