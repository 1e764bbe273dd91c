import { translate } from '@docusaurus/Translate';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import type { ReactNode } from 'react';
import type { ManagedUser } from '../../client/admin';
import { formatTime } from '../../client/formatTime';
import UserBadges, { createdText } from '../UserBadges';
import styles from './styles.module.css';

/** The name, the email and the state of a user. */
export default function Facts({ user }: { readonly user: ManagedUser }): ReactNode {
  const language = useDocusaurusContext().i18n.currentLocale;
  const { relative, exact } = formatTime(user.createdAt, new Date(), language);
  return (
    <div className={styles.facts}>
      <p>
        <strong>{user.name || user.email}</strong> <UserBadges user={user} />
      </p>
      <p className={styles.secondary}>
        {user.name && <span>{user.email}</span>}
        <time dateTime={user.createdAt.toISOString()} title={exact}>
          {createdText(relative)}
        </time>
        <span>
          {translate({ id: 'theme.xenon.admin.user.id', message: 'Id' })} <code>{user.id}</code>
        </span>
        {user.twoFactorEnabled && (
          <span>{translate({ id: 'theme.xenon.admin.user.twoFactor', message: 'Two-step verification is on' })}</span>
        )}
      </p>
    </div>
  );
}
