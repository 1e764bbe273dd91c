import type { ReactNode } from 'react';
import { texts } from '../../client/texts';
import styles from './styles.module.css';

interface Props<V extends string> {
  readonly name: string;
  readonly legend: string;
  readonly options: ReadonlyArray<{ readonly value: V; readonly label: string }>;
  readonly value: V | null;
  readonly onChange: (value: V | null) => void;
}

/** A question with a few answers as radio buttons, including "no answer". */
export default function Choice<V extends string>({ name, legend, options, value, onChange }: Props<V>): ReactNode {
  const none = { value: null, label: texts.noAnswer() };
  return (
    <fieldset className={styles.choice}>
      <legend>{legend}</legend>
      <div className={styles.options}>
        {[...options, none].map((option) => (
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
    </fieldset>
  );
}
