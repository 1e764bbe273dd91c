import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { followedRules, maxPassword, minPassword } from '../../client/password';
import VisuallyHidden from '../VisuallyHidden';
import styles from './styles.module.css';

interface Props {
  readonly value: string;
  readonly about: readonly string[];
}

/**
 * The rules for a good password. A rule is marked as done while the password follows it. The length is binding. The
 * others are recommended: the site does not know whether PASSWORD_BLOCKLIST of the server is on.
 */
export default function Rules({ value, about }: Props): ReactNode {
  const followed = followedRules(value, about);
  return (
    <ul className={styles.rules}>
      <Rule isDone={followed.length}>
        {translate(
          {
            id: 'theme.xenon.password.rules.length',
            message: '{min} to {max} characters; a few words are easy to remember',
          },
          { min: minPassword, max: maxPassword },
        )}
      </Rule>
      <Rule isDone={followed.withoutCommonWords}>
        {translate({
          id: 'theme.xenon.password.rules.uncommon',
          message: 'Recommended: no common word or number, such as “password” or “123456”',
        })}
      </Rule>
      {about.length > 0 && (
        <Rule isDone={followed.withoutPersonalWords}>
          {translate({
            id: 'theme.xenon.password.rules.impersonal',
            message: 'Recommended: no part of the name or e-mail address',
          })}
        </Rule>
      )}
    </ul>
  );
}

function Rule({ isDone, children }: { readonly isDone: boolean; readonly children: ReactNode }): ReactNode {
  return (
    <li className={clsx(isDone && styles.done)}>
      {children}
      {isDone && (
        <VisuallyHidden>{translate({ id: 'theme.xenon.password.rules.kept', message: ' (done)' })}</VisuallyHidden>
      )}
    </li>
  );
}
