import { useHistory } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { usePluralForm } from '@docusaurus/theme-common';
import { type ReactNode, useCallback } from 'react';
import { listUsers } from '../../client/admin';
import { describeFailure } from '../../client/errors';
import type { Failure } from '../../client/failure';
import { texts } from '../../client/texts';
import { useLoaded } from '../../client/useLoaded';
import { formatUserQuery, type UserQuery, usersPerPage } from '../../client/userQuery';
import Skeleton from '../Skeleton';
import Filters from './Filters';
import Pages from './Pages';
import Row from './Row';
import styles from './styles.module.css';

interface Props {
  /** What the URL says. A change of the list changes the URL. */
  readonly query: UserQuery;
}

/** The list of users, with search, filter, order and pages. */
export default function AdminUserList({ query }: Props): ReactNode {
  const history = useHistory();
  const key = formatUserQuery(query);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key has all of the query
  const load = useCallback(() => listUsers(query), [key]);
  const { outcome, isLoading, reload } = useLoaded(load);
  // Not `push`: after that, Docusaurus moves the focus from the control to the start of the page.
  const change = (changes: Partial<UserQuery>) =>
    history.replace({
      pathname: history.location.pathname,
      search: formatUserQuery({ ...query, page: 1, ...changes }),
    });
  if (outcome?.failure?.status === 403) return <NotAnAdministrator />;
  return (
    <>
      <Filters query={query} onChange={change} />
      {!outcome && <Skeleton lines={6} />}
      {outcome?.failure && <NotLoaded failure={outcome.failure} onRetry={() => void reload()} />}
      {outcome?.data && (
        <div className={styles.results} aria-busy={isLoading}>
          <CountLine total={outcome.data.total} isLoading={isLoading} />
          <ul className={styles.list}>
            {outcome.data.users.map((user) => (
              <Row key={user.id} user={user} />
            ))}
          </ul>
          <Pages
            page={query.page}
            count={Math.ceil(outcome.data.total / usersPerPage)}
            onChange={(page) => change({ page })}
          />
        </div>
      )}
    </>
  );
}

interface CountProps {
  readonly total: number;
  readonly isLoading: boolean;
}

/** How many users the list has. Screen readers announce it after a change. */
function CountLine({ total, isLoading }: CountProps): ReactNode {
  const { selectMessage } = usePluralForm();
  const found = translate({ id: 'theme.xenon.admin.count', message: 'One user|{count} users' }, { count: total });
  const none = translate({ id: 'theme.xenon.admin.none', message: 'No user matches.' });
  return (
    <p role="status" className={styles.count}>
      {isLoading ? texts.busy() : total === 0 ? none : selectMessage(total, found)}
    </p>
  );
}

interface NotLoadedProps {
  readonly failure: Failure;
  readonly onRetry: () => void;
}

function NotAnAdministrator(): ReactNode {
  return (
    <p role="alert">
      {translate({
        id: 'theme.xenon.admin.forbidden',
        message: 'This page is for administrators, and you are signed in with another account.',
      })}
    </p>
  );
}

function NotLoaded({ failure, onRetry }: NotLoadedProps): ReactNode {
  return (
    <>
      <p role="alert">{describeFailure(failure).message}</p>
      <button type="button" className="button button--secondary" onClick={onRetry}>
        {texts.retry()}
      </button>
    </>
  );
}
