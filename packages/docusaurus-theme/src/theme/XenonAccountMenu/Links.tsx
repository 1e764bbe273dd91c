import Link from '@docusaurus/Link';
import { useHistory } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { dropDrafts, hasDrafts } from '@xenon-auth/docusaurus-theme/internal/client/drafts';
import type { Failure } from '@xenon-auth/docusaurus-theme/internal/client/failure';
import { loadChunk, NetworkError } from '@xenon-auth/docusaurus-theme/internal/client/network';
import { isAdministrator } from '@xenon-auth/docusaurus-theme/internal/client/roles';
import { signOut, useSession } from '@xenon-auth/docusaurus-theme/internal/client/sessionStore';
import { isWithin, paths, site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import clsx from 'clsx';
import { type ReactNode, useState } from 'react';
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
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const { user } = useSession();
  const link = linkClass === undefined ? {} : { className: linkClass };
  const signOutAndShowProblem = async () => {
    if (busy) return;
    setBusy(true);
    const outcome = await signOut();
    const message = outcome?.failure && (await messageOf(outcome.failure));
    setBusy(false);
    setProblem(message);
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
      {site.admin && user && isAdministrator(user) && (
        <li className={itemClass}>
          <Link {...link} to={paths.admin} onClick={() => onDone?.()}>
            {translate({ id: 'theme.xenon.account.admin', message: 'Users' })}
          </Link>
        </li>
      )}
      <li className={itemClass}>
        <button
          type="button"
          className={clsx(linkClass, styles.signOut)}
          aria-busy={busy}
          onClick={signOutAndShowProblem}
        >
          {translate({ id: 'theme.xenon.account.signOut', message: 'Sign out' })}
        </button>
        <div role="alert" className={styles.failed}>
          {problem && (
            <>
              {translate({ id: 'theme.xenon.account.signOut.failed', message: 'You are still signed in.' })} {problem}
            </>
          )}
        </div>
      </li>
    </>
  );
}

/** The message of a failure. The messages are not part of the menu, which every page of the site loads. */
async function messageOf(failure: Failure): Promise<string> {
  try {
    const { describeFailure } = await loadChunk(() => import('@xenon-auth/docusaurus-theme/internal/client/errors'));
    return describeFailure(failure).message;
  } catch (error) {
    if (error instanceof NetworkError) return texts.offline();
    throw error;
  }
}

/** Signs out. Returns undefined when the person cancels because of unsaved changes. */
function useSignOut() {
  const history = useHistory();
  return async () => {
    if (hasDrafts() && !window.confirm(confirmationText())) return undefined;
    const outcome = await signOut();
    if (outcome.failure) return outcome;
    dropDrafts();
    // Leaves a page with the person's data, and replaces it in the history.
    if ([paths.profile, paths.account, paths.admin].some((page) => isWithin(history.location.pathname, page)))
      history.replace(site.baseUrl);
    return outcome;
  };
}

function confirmationText(): string {
  return translate({
    id: 'theme.xenon.account.signOut.unsaved',
    message: 'Your changes are not saved. Sign out without saving?',
  });
}
