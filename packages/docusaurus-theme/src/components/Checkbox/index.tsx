import type { ReactNode } from 'react';
import styles from './styles.module.css';

interface Props {
  readonly name: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly children: ReactNode;
}

/** A checkbox with its label. */
export default function Checkbox({ name, checked, onChange, children }: Props): ReactNode {
  return (
    <label className={styles.checkbox}>
      <input type="checkbox" name={name} checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {children}
    </label>
  );
}
