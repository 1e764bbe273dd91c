import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { strength } from '../../lib/password';
import VisuallyHidden from '../VisuallyHidden';
import styles from './styles.module.css';

interface Props {
  readonly value: string;
  readonly about: readonly string[];
}

/** Shows how hard the password is to guess; advice only. It reserves its space, so the layout is stable. */
export default function StrengthMeter({ value, about }: Props): ReactNode {
  const score = strength(value, about);
  const words = [
    translate({ id: 'password.strength.0', message: 'Too short' }),
    translate({ id: 'password.strength.1', message: 'Easy to guess' }),
    translate({ id: 'password.strength.2', message: 'Could be stronger' }),
    translate({ id: 'password.strength.3', message: 'Good' }),
    translate({ id: 'password.strength.4', message: 'Strong' }),
  ];
  return (
    <div className={styles.advice} data-score={value === '' ? undefined : score}>
      <span className={styles.bars} aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </span>
      <span role="status">
        {value !== '' && (
          <>
            <VisuallyHidden>{translate({ id: 'password.strength', message: 'Password strength: ' })}</VisuallyHidden>
            {words[score]}
          </>
        )}
      </span>
    </div>
  );
}
