import { translate } from '@docusaurus/Translate';
import { type ReactNode, useCallback, useRef, useState } from 'react';
import { callAdmin, listSessionsOf, type ManagedUser } from '../../client/admin';
import type { SessionRow } from '../../client/authClient';
import { describeFailure } from '../../client/errors';
import { texts } from '../../client/texts';
import { useLoaded } from '../../client/useLoaded';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import { useResultNote } from '../ResultNote';
import Section from '../Section';
import Row, { deviceName } from '../Sessions/Row';
import Skeleton from '../Skeleton';
import styles from './styles.module.css';

interface Props {
  readonly user: ManagedUser;
  readonly ownToken: string;
}

/** The sessions of a user, with buttons to end them. */
export default function SessionsSection({ user, ownToken }: Props): ReactNode {
  const load = useCallback(() => listSessionsOf(user.id), [user.id]);
  const { outcome, reload } = useLoaded(load);
  return (
    <Section id="sessions" title={translate({ id: 'theme.xenon.admin.sessions', message: 'Sessions' })}>
      {!outcome && <Skeleton lines={2} />}
      {outcome?.failure && (
        <>
          <p role="alert">{describeFailure(outcome.failure).message}</p>
          <button type="button" className="button button--secondary" onClick={() => void reload()}>
            {texts.retry()}
          </button>
        </>
      )}
      {outcome?.data && <SessionList user={user} rows={outcome.data} ownToken={ownToken} reload={reload} />}
    </Section>
  );
}

interface ListProps {
  readonly user: ManagedUser;
  readonly rows: readonly SessionRow[];
  readonly ownToken: string;
  readonly reload: () => Promise<unknown>;
}

function SessionList({ user, rows, ownToken, reload }: ListProps): ReactNode {
  const { note, show, clear } = useResultNote();
  const [pressed, setPressed] = useState<SessionRow>();
  const chosen = useRef<SessionRow>(undefined);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const row = chosen.current;
    clear();
    const { failure } = await callAdmin<unknown>((admin, fetchOptions) =>
      row
        ? admin.revokeUserSession({ sessionToken: row.token, fetchOptions })
        : admin.revokeUserSessions({ userId: user.id, fetchOptions }),
    );
    if (failure) return failure;
    await reload();
    show(
      row
        ? translate(
            { id: 'theme.xenon.admin.sessions.ended', message: 'Signed out: {device}.' },
            { device: deviceName(row) },
          )
        : translate({ id: 'theme.xenon.admin.sessions.allEnded', message: 'Signed out everywhere.' }),
    );
    return undefined;
  });
  const submitRow = (row?: SessionRow) => (event: { preventDefault: () => void }) => {
    if (busy) return event.preventDefault();
    chosen.current = row;
    setPressed(row);
    onSubmit(event);
  };
  return (
    <>
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      {note}
      {rows.length === 0 ? (
        <p>{translate({ id: 'theme.xenon.admin.sessions.none', message: 'Not signed in on any device.' })}</p>
      ) : (
        <>
          <ul className={styles.list}>
            {rows.map((row) => (
              <Row
                key={row.id}
                session={row}
                here={row.token === ownToken}
                busy={busy && pressed === row}
                onEnd={submitRow(row)}
              />
            ))}
          </ul>
          {!rows.some(({ token }) => token === ownToken) && (
            <button type="button" className="button button--secondary" aria-disabled={busy} onClick={submitRow()}>
              {translate({ id: 'theme.xenon.admin.sessions.endAll', message: 'Sign out everywhere' })}
            </button>
          )}
        </>
      )}
    </>
  );
}
