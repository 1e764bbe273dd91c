import { type ReactNode, useId } from 'react';
import styles from './styles.module.css';

interface Props<V extends string> {
  readonly name: string;
  readonly label: string;
  readonly options: ReadonlyArray<{ readonly value: V; readonly label: string }>;
  readonly value: V;
  readonly error?: string | undefined;
  /** Whether each value is the code of the language of its label. */
  readonly isLanguage?: boolean;
  readonly onChange: (value: V) => void;
}

/** A choice of one of several values, with a visible label. */
export default function SelectField<V extends string>({
  name,
  label,
  options,
  value,
  error,
  isLanguage = false,
  onChange,
}: Props<V>): ReactNode {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        name={name}
        className={styles.select}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        onChange={(event) => {
          const chosen = options.find((option) => option.value === event.target.value);
          if (chosen) onChange(chosen.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} lang={(isLanguage && option.value) || undefined}>
            {option.label}
          </option>
        ))}
      </select>
      {error && (
        <p id={`${id}-error`} className={styles.error}>
          {error}
        </p>
      )}
    </div>
  );
}
