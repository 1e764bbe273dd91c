import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { maxPassword, minPassword, rules } from '../../lib/password';
import Unseen from '../Unseen';
import styles from './styles.module.css';

interface Props {
  readonly value: string;
  readonly about: readonly string[];
}

/** What makes a good password, said before one is typed, and ticked off meanwhile. */
export default function Rules({ value, about }: Props): ReactNode {
  const kept = rules(value, about);
  return (
    <ul className={styles.rules}>
      <Rule kept={kept.length}>
        {translate(
          { id: 'password.rules.length', message: '{min} to {max} characters; a few words are easy to keep' },
          { min: minPassword, max: maxPassword },
        )}
      </Rule>
      <Rule kept={kept.uncommon}>
        {translate({ id: 'password.rules.uncommon', message: 'Nothing well-known, such as “123456”' })}
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
      {kept && <Unseen>{translate({ id: 'password.rules.kept', message: ' (done)' })}</Unseen>}
    </li>
  );
}
