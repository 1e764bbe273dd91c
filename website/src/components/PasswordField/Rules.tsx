import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { maxPassword, minPassword, rules } from '../../lib/password';
import VisuallyHidden from '../VisuallyHidden';
import styles from './styles.module.css';

interface Props {
  readonly value: string;
  readonly about: readonly string[];
}

/** The rules for a good password, visible before typing. Each is marked as done while the password follows it. */
export default function Rules({ value, about }: Props): ReactNode {
  const kept = rules(value, about);
  return (
    <ul className={styles.rules}>
      <Rule kept={kept.length}>
        {translate(
          { id: 'password.rules.length', message: '{min} to {max} characters; a few words are easy to remember' },
          { min: minPassword, max: maxPassword },
        )}
      </Rule>
      <Rule kept={kept.uncommon}>
        {translate({ id: 'password.rules.uncommon', message: 'Not a common password, such as “123456”' })}
      </Rule>
      {about.length > 0 && (
        <Rule kept={kept.impersonal}>
          {translate({ id: 'password.rules.impersonal', message: 'Not your name or e-mail address' })}
        </Rule>
      )}
    </ul>
  );
}

function Rule({ kept, children }: { readonly kept: boolean; readonly children: ReactNode }): ReactNode {
  return (
    <li className={clsx(kept && styles.kept)}>
      {children}
      {kept && <VisuallyHidden>{translate({ id: 'password.rules.kept', message: ' (done)' })}</VisuallyHidden>}
    </li>
  );
}
