import type { ReactNode } from 'react';
import Field from '../Field';
import styles from './styles.module.css';

interface Props {
  readonly id?: string | undefined;
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error?: string | undefined;
}

/** An input for a code with six digits. Phones offer the code of a mail or an app, and show a number pad. */
export default function CodeField(props: Props): ReactNode {
  return (
    <Field
      {...props}
      name="code"
      type="text"
      inputMode="numeric"
      autoComplete="one-time-code"
      autoCapitalize="none"
      autoCorrect="off"
      spellCheck={false}
      required
      className={styles.code}
    />
  );
}
