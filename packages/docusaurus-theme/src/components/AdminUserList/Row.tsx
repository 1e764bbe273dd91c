import Link from '@docusaurus/Link';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import type { ReactNode } from 'react';
import type { ManagedUser } from '../../client/admin';
import { formatTime } from '../../client/formatTime';
import { paths } from '../../client/site';
import UserBadges, { createdText } from '../UserBadges';
import styles from './styles.module.css';

/** One user in the list, with a link to the page of the user. */
export default function Row({ user }: { readonly user: ManagedUser }): ReactNode {
  const language = useDocusaurusContext().i18n.currentLocale;
  const { relative, exact } = formatTime(user.createdAt, new Date(), language);
  return (
    <li className={styles.row}>
      <p>
        <Link to={`${paths.admin}?user=${encodeURIComponent(user.id)}`}>{user.name || user.email}</Link>{' '}
        <UserBadges user={user} />
      </p>
      <p className={styles.facts}>
        <span>{user.email}</span>
        <time dateTime={user.createdAt.toISOString()} title={exact}>
          {createdText(relative)}
        </time>
      </p>
    </li>
  );
}
