import { translate } from '@docusaurus/Translate';
import { type ReactNode, useRef, useState } from 'react';
import type { SessionRow } from '../../client/authClient';
import { describeFailure, needsPassword } from '../../client/errors';
import type { Failure, Outcome } from '../../client/failure';
import { useSession } from '../../client/sessionStore';
import { texts } from '../../client/texts';
import { useHasPassword } from '../../client/useAccounts';
import { useSessions } from '../../client/useSessions';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import Section from '../Section';
import Skeleton from '../Skeleton';
import Row, { deviceName } from './Row';
import styles from './styles.module.css';

/** The list of the person's sessions, with buttons to end them. `current` is the token of this device's session. */
export default function Sessions({ current }: { readonly current: string }): ReactNode {
  const sessions = useSessions(current);
  const { withReauthentication, dialog } = usePasswordDialog();
  const { rows, failure: loadFailure } = sessions;
  return (
    <Section
      id="sessions"
      title={translate({ id: 'theme.xenon.account.sessions', message: 'Where you are signed in' })}
      intro={translate({
        id: 'theme.xenon.account.sessions.intro',
        message: 'If you do not recognise a device, sign it out and change your password.',
      })}
    >
      {!rows && !loadFailure && <Skeleton lines={2} />}
      {!rows && loadFailure && (
        <SessionsNotLoaded failure={loadFailure} onRetry={() => withReauthentication(sessions.load)} />
      )}
      {rows && (
        <SessionList
          rows={rows}
          current={current}
          end={(row) => withReauthentication(() => sessions.end(row))}
          endOthers={() => withReauthentication(sessions.endOthers)}
        />
      )}
      {dialog}
    </Section>
  );
}

function SessionsNotLoaded({
  failure,
  onRetry,
}: {
  readonly failure: Failure;
  readonly onRetry: () => void;
}): ReactNode {
  const state = useSession();
  const hasPassword = useHasPassword(state.user?.id) ?? true;
  const isTooOld = needsPassword(failure);
  return (
    <>
      <p role={isTooOld ? undefined : 'alert'}>
        {isTooOld ? reasonText(hasPassword) : describeFailure(failure).message}
      </p>
      <button type="button" className="button button--secondary" onClick={onRetry}>
        {isTooOld ? translate({ id: 'theme.xenon.account.sessions.show', message: 'Show my devices' }) : texts.retry()}
      </button>
    </>
  );
}

function reasonText(hasPassword: boolean): string {
  return hasPassword
    ? translate({
        id: 'theme.xenon.account.sessions.old',
        message: 'You signed in a while ago. For your safety, the list is shown after you enter your password again.',
      })
    : translate({
        id: 'theme.xenon.account.sessions.old.noPassword',
        message: 'You signed in a while ago. For your safety, the list is shown after you sign in again.',
      });
}

interface ListProps {
  readonly rows: readonly SessionRow[];
  readonly current: string;
  readonly end: (row: SessionRow) => Promise<Outcome<unknown>>;
  readonly endOthers: () => Promise<Outcome<unknown>>;
}

function SessionList({ rows, current, end, endOthers }: ListProps): ReactNode {
  const [ended, setEnded] = useState('');
  const [pressed, setPressed] = useState<SessionRow>();
  const note = useRef<HTMLParagraphElement>(null);
  const chosen = useRef<SessionRow>(undefined);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const row = chosen.current;
    setEnded('');
    const outcome = await (row ? end(row) : endOthers());
    if (outcome.failure) return outcome.failure;
    setEnded(
      row
        ? translate(
            { id: 'theme.xenon.account.sessions.ended', message: 'Signed out: {device}.' },
            { device: deviceName(row) },
          )
        : translate({ id: 'theme.xenon.account.sessions.othersEnded', message: 'All other devices are signed out.' }),
    );
    note.current?.focus(); // the pressed button no longer exists
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
      <p ref={note} role="status" aria-live="off" tabIndex={-1} className={styles.ended}>
        {ended}
      </p>
      <ul className={styles.list}>
        {rows.map((row) => (
          <Row
            key={row.id}
            session={row}
            here={row.token === current}
            busy={busy && pressed === row}
            onEnd={submitRow(row)}
          />
        ))}
      </ul>
      {rows.length > 1 && (
        <button type="button" className="button button--secondary" aria-disabled={busy} onClick={submitRow()}>
          {translate({ id: 'theme.xenon.account.sessions.endOthers', message: 'Sign out all other devices' })}
        </button>
      )}
    </>
  );
}
