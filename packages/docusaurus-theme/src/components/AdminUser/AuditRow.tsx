import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { eventName } from '../../client/auditEventNames';
import type { AuditEvent } from '../../client/auditEvents';
import { formatTime } from '../../client/formatTime';
import { paths } from '../../client/site';
import { deviceName } from '../Sessions/Row';
import styles from './styles.module.css';

interface Props {
  readonly event: AuditEvent;
  /** The user whose events the table has. */
  readonly userId: string;
  /** The administrator who reads them. */
  readonly ownId: string;
}

/** One event in the table. */
export default function AuditRow({ event, userId, ownId }: Props): ReactNode {
  const language = useDocusaurusContext().i18n.currentLocale;
  const { exact } = formatTime(event.time, new Date(), language);
  const other = otherPerson(event, userId, ownId);
  return (
    <tr>
      <td>
        <time dateTime={event.time.toISOString()}>{exact}</time>
      </td>
      <td>
        <span className={styles.event}>{eventName(event.event)}</span>{' '}
        <span className={clsx(styles.result, event.result !== 'ok' && styles.bad)}>{resultText(event.result)}</span>
        {event.result !== 'ok' && (
          <code className={styles.reason}>
            {event.status} {event.code}
          </code>
        )}
        {other && (
          <span className={styles.who}>
            {other.id === ownId ? other.text : <Link to={`${paths.admin}?user=${other.id}`}>{other.text}</Link>}
          </span>
        )}
      </td>
      <td>
        {event.ip}
        {event.agent && <span className={styles.who}>{deviceName({ userAgent: event.agent })}</span>}
      </td>
    </tr>
  );
}

function resultText(result: AuditEvent['result']): string {
  switch (result) {
    case 'ok':
      return translate({ id: 'theme.xenon.admin.audit.result.ok', message: 'OK' });
    case 'refused':
      return translate({ id: 'theme.xenon.admin.audit.result.refused', message: 'Refused' });
    case 'failed':
      return translate({ id: 'theme.xenon.admin.audit.result.failed', message: 'Failed' });
  }
}

/** Who else took part in an event of a user, and how. Undefined if the user acted alone. */
function otherPerson(
  { userId: actor, subject, impersonatedBy }: AuditEvent,
  userId: string,
  ownId: string,
): { readonly id: string; readonly text: string } | undefined {
  if (impersonatedBy === userId)
    return {
      id: actor === userId ? subject : actor, // the request that ends the impersonation is the administrator's own
      text: translate({ id: 'theme.xenon.admin.audit.as.other', message: 'Acting as another user' }),
    };
  if (impersonatedBy) return { id: impersonatedBy, text: impersonatorText(impersonatedBy === ownId) };
  if (subject && subject !== userId)
    return { id: subject, text: translate({ id: 'theme.xenon.admin.audit.on.other', message: 'On another user' }) };
  if (subject && actor && actor !== userId) return { id: actor, text: administratorText(actor === ownId) };
  return undefined;
}

function impersonatorText(isSelf: boolean): string {
  return isSelf
    ? translate({ id: 'theme.xenon.admin.audit.as.you', message: 'By you, acting as this user' })
    : translate({ id: 'theme.xenon.admin.audit.as.admin', message: 'By an administrator, acting as this user' });
}

function administratorText(isSelf: boolean): string {
  return isSelf
    ? translate({ id: 'theme.xenon.admin.audit.by.you', message: 'By you' })
    : translate({ id: 'theme.xenon.admin.audit.by.admin', message: 'By an administrator' });
}
