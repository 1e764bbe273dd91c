import { translate } from '@docusaurus/Translate';
import { usePluralForm } from '@docusaurus/theme-common';
import type { ReactNode } from 'react';
import { describeFailure } from '../../client/errors';
import { texts } from '../../client/texts';
import { type AuditEvents, useAuditEvents } from '../../client/useAuditEvents';
import { useResultNote } from '../ResultNote';
import Section from '../Section';
import Skeleton from '../Skeleton';
import AuditRow from './AuditRow';
import styles from './styles.module.css';

interface Props {
  readonly userId: string;
  /** The id of the administrator. */
  readonly ownId: string;
}

/** What happened to the account of a user. */
export default function AuditSection({ userId, ownId }: Props): ReactNode {
  const events = useAuditEvents(userId);
  return (
    <Section
      id="audit"
      title={translate({ id: 'theme.xenon.admin.audit', message: 'Audit trail' })}
      intro={translate({
        id: 'theme.xenon.admin.audit.intro',
        message: 'What happened to this account in the last 30 days, newest first.',
      })}
    >
      {events.events.length > 0 && <Table events={events} userId={userId} ownId={ownId} />}
      <Rest events={events} />
    </Section>
  );
}

function Table({ events, userId, ownId }: Props & { readonly events: AuditEvents }): ReactNode {
  return (
    <table className={styles.audit} aria-labelledby="audit">
      <thead>
        <tr>
          <th scope="col">{translate({ id: 'theme.xenon.admin.audit.time', message: 'Time' })}</th>
          <th scope="col">{translate({ id: 'theme.xenon.admin.audit.event', message: 'Event' })}</th>
          <th scope="col">{translate({ id: 'theme.xenon.admin.audit.from', message: 'From' })}</th>
        </tr>
      </thead>
      <tbody>
        {events.events.map((event) => (
          <AuditRow key={`${event.requestId} ${event.time.getTime()}`} event={event} userId={userId} ownId={ownId} />
        ))}
      </tbody>
    </table>
  );
}

/** What is below the table: how many events it has, and a button for more. */
function Rest({ events }: { readonly events: AuditEvents }): ReactNode {
  const { note, show } = useResultNote();
  const { cursor, hasLoaded, failure, isLoading, loadMore } = events;
  const onMore = async () => {
    // The button no longer exists after the last page.
    if (!isLoading && (await loadMore()))
      show(translate({ id: 'theme.xenon.admin.audit.all', message: 'These are all events.' }));
  };
  if (failure?.status === 404) return <Unsupported />; // a Better Auth server
  if (!failure && !hasLoaded) return <Skeleton lines={3} />;
  const label = failure ? texts.retry() : translate({ id: 'theme.xenon.admin.audit.more', message: 'Load more' });
  return (
    <>
      {failure ? <p role="alert">{describeFailure(failure).message}</p> : <CountLine events={events} />}
      {/* One button for both, so that it keeps the focus after a failure and after a new attempt. */}
      {(failure || cursor !== undefined) && (
        <button
          type="button"
          className="button button--secondary"
          aria-busy={isLoading}
          aria-disabled={isLoading}
          onClick={() => void onMore()}
        >
          {isLoading ? texts.busy() : label}
        </button>
      )}
      {note}
    </>
  );
}

function CountLine({ events: { events, cursor } }: { readonly events: AuditEvents }): ReactNode {
  const { selectMessage } = usePluralForm();
  const count = events.length;
  const found = translate({ id: 'theme.xenon.admin.audit.count', message: 'One event|{count} events' }, { count });
  const none =
    cursor === undefined
      ? translate({ id: 'theme.xenon.admin.audit.none', message: 'Nothing in the last 30 days.' })
      : translate({
          id: 'theme.xenon.admin.audit.notSearched',
          message: 'No event in the newest part of the log.',
        });
  return (
    <p role="status" className={styles.auditCount}>
      {count === 0 ? none : selectMessage(count, found)}
    </p>
  );
}

function Unsupported(): ReactNode {
  return (
    <p>
      {translate({
        id: 'theme.xenon.admin.audit.unsupported',
        message: 'This server has no audit log that the page can read.',
      })}
    </p>
  );
}
