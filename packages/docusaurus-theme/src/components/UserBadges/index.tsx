import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import type { ManagedUser } from '../../client/admin';
import { isAdministrator } from '../../client/roles';
import styles from './styles.module.css';

/** What an administrator should notice about a user. */
export default function UserBadges({ user }: { readonly user: ManagedUser }): ReactNode {
  return (
    <>
      {isAdministrator(user) && (
        <span className={styles.badge}>
          {translate({ id: 'theme.xenon.admin.badge.admin', message: 'Administrator' })}
        </span>
      )}{' '}
      {isBanned(user) && (
        <span className={clsx(styles.badge, styles.banned)}>
          {translate({ id: 'theme.xenon.admin.badge.banned', message: 'Banned' })}
        </span>
      )}{' '}
      {!user.emailVerified && (
        <span className={styles.badge}>
          {translate({ id: 'theme.xenon.admin.badge.unconfirmed', message: 'Not confirmed' })}
        </span>
      )}
    </>
  );
}

/** Whether a user is banned now. The server clears a ban that is over at the next sign-in. */
export function isBanned({ banned, banExpires }: ManagedUser): boolean {
  return banned === true && (!banExpires || banExpires.getTime() > Date.now());
}

/** When the account was created, as the day in words. */
export function createdText(day: string): string {
  return translate({ id: 'theme.xenon.admin.created', message: 'Created {day}' }, { day });
}
