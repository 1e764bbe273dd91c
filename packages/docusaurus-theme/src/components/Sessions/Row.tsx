import { translate } from '@docusaurus/Translate';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import type { ReactNode } from 'react';
import type { SessionRow } from '../../client/authClient';
import { formatTime } from '../../client/formatTime';
import { parseUserAgent } from '../../client/userAgent';
import DeviceIcon from './DeviceIcon';
import styles from './styles.module.css';

interface Props {
  readonly session: SessionRow;
  /** Whether it is the session of this device. */
  readonly here: boolean;
  readonly busy: boolean;
  readonly onEnd: (event: { preventDefault: () => void }) => void;
}

/** One session in the list of devices. */
export default function Row({ session, here, busy, onEnd }: Props): ReactNode {
  const language = useDocusaurusContext().i18n.currentLocale;
  const name = deviceName(session);
  const now = new Date();
  return (
    <li className={styles.row}>
      <DeviceIcon system={parseUserAgent(session.userAgent).system} />
      <div className={styles.about}>
        <p>
          <strong>{name}</strong>{' '}
          {here && (
            <span className={styles.here}>
              {translate({ id: 'theme.xenon.account.sessions.here', message: 'This device' })}
            </span>
          )}
        </p>
        <p className={styles.facts}>
          <span>
            {session.ipAddress ||
              translate({ id: 'theme.xenon.account.sessions.noAddress', message: 'Unknown IP address' })}
          </span>
          <SessionDay
            of={session.createdAt}
            {...formatTime(session.createdAt, now, language)}
            message={(day) =>
              translate({ id: 'theme.xenon.account.sessions.created', message: 'Signed in {day}' }, { day })
            }
          />
          {here ? (
            <span>{translate({ id: 'theme.xenon.account.sessions.now', message: 'Active now' })}</span>
          ) : (
            <SessionDay
              of={session.updatedAt}
              {...formatTime(session.updatedAt, now, language)}
              message={(day) =>
                translate({ id: 'theme.xenon.account.sessions.active', message: 'Last active {day}' }, { day })
              }
            />
          )}
        </p>
      </div>
      {!here && (
        <button
          type="button"
          className="button button--secondary button--sm"
          aria-label={translate(
            { id: 'theme.xenon.account.sessions.end.label', message: 'Sign out {device}' },
            { device: name },
          )}
          aria-busy={busy}
          onClick={onEnd}
        >
          {translate({ id: 'theme.xenon.account.sessions.end', message: 'Sign out' })}
        </button>
      )}
    </li>
  );
}

interface DayProps {
  readonly of: Date;
  readonly relative: string;
  readonly exact: string;
  readonly message: (day: string) => string;
}

function SessionDay({ of, relative, exact, message }: DayProps): ReactNode {
  return (
    <time dateTime={of.toISOString()} title={exact}>
      {message(relative)}
    </time>
  );
}

/** The name of a session's device in the list. */
export function deviceName({ userAgent }: Pick<SessionRow, 'userAgent'>): string {
  const { browser, system } = parseUserAgent(userAgent);
  if (browser && system)
    return translate(
      { id: 'theme.xenon.account.sessions.device', message: '{browser} on {system}' },
      { browser, system },
    );
  return browser || system || translate({ id: 'theme.xenon.account.sessions.unknown', message: 'Unknown device' });
}
