import Link from '@docusaurus/Link';
import { useHistory } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import { type ReactNode, useState } from 'react';
import { dropDrafts, hasDrafts } from '../../client/drafts';
import { describe } from '../../client/errors';
import type { Failure } from '../../client/failure';
import { signOut } from '../../client/sessionStore';
import { isWithin, paths, site } from '../../client/site';
import styles from './styles.module.css';

interface Props {
  readonly itemClass?: string | undefined;
  readonly linkClass?: string | undefined;
  /** Called after the person has chosen an item. */
  readonly onDone?: (() => void) | undefined;
  readonly onSignedOut?: () => void;
}

/** The items for a person who is signed in: profile, account, sign out. */
export default function Links({ itemClass, linkClass, onDone, onSignedOut }: Props): ReactNode {
  const signOut = useSignOut();
  const [failure, setFailure] = useState<Failure>();
  const [busy, setBusy] = useState(false);
  const link = linkClass === undefined ? {} : { className: linkClass };
  const leave = async () => {
    if (busy) return;
    setBusy(true);
    const outcome = await signOut();
    setBusy(false);
    setFailure(outcome?.failure);
    if (!outcome || outcome.failure) return;
    onSignedOut?.();
    onDone?.();
  };
  return (
    <>
      {site.profile && (
        <li className={itemClass}>
          <Link {...link} to={paths.profile} onClick={() => onDone?.()}>
            {translate({ id: 'theme.xenon.account.profile', message: 'Profile' })}
          </Link>
        </li>
      )}
      <li className={itemClass}>
        <Link {...link} to={paths.account} onClick={() => onDone?.()}>
          {translate({ id: 'theme.xenon.account.account', message: 'Account' })}
        </Link>
      </li>
      <li className={itemClass}>
        <button type="button" className={clsx(linkClass, styles.signOut)} aria-busy={busy} onClick={leave}>
          {translate({ id: 'theme.xenon.account.signOut', message: 'Sign out' })}
        </button>
        <div role="alert" className={styles.failed}>
          {failure && (
            <>
              {translate({ id: 'theme.xenon.account.signOut.failed', message: 'You are still signed in.' })}{' '}
              {describe(failure).message}
            </>
          )}
        </div>
      </li>
    </>
  );
}

/** Signs out. Returns undefined when the person cancels because of unsaved changes. */
function useSignOut() {
  const history = useHistory();
  return async () => {
    if (hasDrafts() && !window.confirm(question())) return undefined;
    const outcome = await signOut();
    if (outcome.failure) return outcome;
    dropDrafts();
    // Leaves pages with the person's data, and replaces them in the history.
    if ([paths.profile, paths.account].some((page) => isWithin(history.location.pathname, page)))
      history.replace(site.baseUrl);
    return outcome;
  };
}

function question(): string {
  return translate({
    id: 'theme.xenon.account.signOut.unsaved',
    message: 'Your changes are not saved. Sign out without saving?',
  });
}
