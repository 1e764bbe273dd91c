import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import type { ManagedUser } from '../../client/admin';
import { describeFailure } from '../../client/errors';
import type { Failure, Outcome } from '../../client/failure';
import { paths } from '../../client/site';
import { texts } from '../../client/texts';
import Skeleton from '../Skeleton';
import { isBanned } from '../UserBadges';
import AuditSection from './AuditSection';
import BanSection from './BanSection';
import Facts from './Facts';
import ImpersonateSection from './ImpersonateSection';
import PasswordSection from './PasswordSection';
import RemoveSection from './RemoveSection';
import RoleSection from './RoleSection';
import SessionsSection from './SessionsSection';

interface Props {
  /** Undefined while the user is loading. */
  readonly outcome: Outcome<ManagedUser> | undefined;
  /** The id of the administrator. */
  readonly ownId: string;
  /** The token of the session of this device. */
  readonly ownToken: string;
  readonly reload: () => Promise<unknown>;
}

/** One user, with all that an administrator can do. */
export default function AdminUser({ outcome, ownId, ownToken, reload }: Props): ReactNode {
  return (
    <>
      <p>
        <Link to={paths.admin}>{translate({ id: 'theme.xenon.admin.user.back', message: 'All users' })}</Link>
      </p>
      {!outcome && <Skeleton lines={6} />}
      {outcome?.failure && <NotLoaded failure={outcome.failure} onRetry={() => void reload()} />}
      {outcome?.data && (
        <Sections key={outcome.data.id} user={outcome.data} ownId={ownId} ownToken={ownToken} reload={reload} />
      )}
    </>
  );
}

interface NotLoadedProps {
  readonly failure: Failure;
  readonly onRetry: () => void;
}

function NotLoaded({ failure, onRetry }: NotLoadedProps): ReactNode {
  return (
    <>
      <p role="alert">{describeFailure(failure).message}</p>
      {failure.code !== 'USER_NOT_FOUND' && (
        <button type="button" className="button button--secondary" onClick={onRetry}>
          {texts.retry()}
        </button>
      )}
    </>
  );
}

interface SectionsProps {
  readonly user: ManagedUser;
  readonly ownId: string;
  readonly ownToken: string;
  readonly reload: () => Promise<unknown>;
}

function Sections({ user, ownId, ownToken, reload }: SectionsProps): ReactNode {
  const isSelf = user.id === ownId;
  // The server ends the sessions of a user who is banned. The key makes the section load them again.
  return (
    <>
      <Facts user={user} />
      {isSelf ? (
        <p>
          {translate({
            id: 'theme.xenon.admin.user.self',
            message: 'This is your own account. You cannot ban, delete or act as yourself.',
          })}
        </p>
      ) : (
        <>
          <BanSection user={user} reload={reload} />
          <ImpersonateSection user={user} />
        </>
      )}
      <SessionsSection key={String(isBanned(user))} user={user} ownToken={ownToken} />
      <RoleSection user={user} reload={reload} />
      <PasswordSection user={user} />
      <AuditSection userId={user.id} ownId={ownId} />
      {!isSelf && <RemoveSection user={user} />}
    </>
  );
}
