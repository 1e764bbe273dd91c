import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { passwordStrength } from '../../client/password';
import VisuallyHidden from '../VisuallyHidden';
import styles from './styles.module.css';

interface Props {
  readonly value: string;
  readonly about: readonly string[];
  /** The most common passwords; undefined while they are loading. Until then nothing is shown. */
  readonly common: readonly string[] | undefined;
}

/** Shows how hard the password is to guess; advice only. It reserves its space, so the layout is stable. */
export default function StrengthMeter({ value, about, common }: Props): ReactNode {
  const score = common && value !== '' ? passwordStrength(value, about, common) : undefined;
  const words = [
    translate({ id: 'theme.xenon.password.strength.0', message: 'Too short' }),
    translate({ id: 'theme.xenon.password.strength.1', message: 'Easy to guess' }),
    translate({ id: 'theme.xenon.password.strength.2', message: 'Could be stronger' }),
    translate({ id: 'theme.xenon.password.strength.3', message: 'Good' }),
    translate({ id: 'theme.xenon.password.strength.4', message: 'Strong' }),
  ];
  return (
    <div className={styles.advice} data-score={score}>
      <span className={styles.bars} aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </span>
      <span role="status">
        {score !== undefined && (
          <>
            <VisuallyHidden>
              {translate({ id: 'theme.xenon.password.strength', message: 'Password strength: ' })}
            </VisuallyHidden>
            {words[score]}
          </>
        )}
      </span>
    </div>
  );
}
