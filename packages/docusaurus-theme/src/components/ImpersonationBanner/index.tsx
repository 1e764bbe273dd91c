import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { createPortal } from 'react-dom';
import { loadChunk, NetworkError } from '../../client/network';
import { paths } from '../../client/site';
import { texts } from '../../client/texts';
import styles from './styles.module.css';

interface Props {
  readonly name: string;
  readonly email: string;
  readonly userId: string;
}

/** Tells an administrator on every page that they act as a user, and ends that, at the lower edge of the window. */
export default function ImpersonationBanner({ name, email, userId }: Props): ReactNode {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const stop = async () => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    const failed = await stopImpersonating();
    if (failed === undefined) return window.location.assign(`${paths.admin}?user=${encodeURIComponent(userId)}`);
    setBusy(false);
    setProblem(failed);
  };
  return createPortal(
    <aside
      className={styles.banner}
      aria-label={translate({ id: 'theme.xenon.impersonation.label', message: 'Acting as a user' })}
    >
      <p>
        <span className={styles.text}>
          {translate(
            { id: 'theme.xenon.impersonation.text', message: 'You act as {person}.' },
            { person: name ? `${name} (${email})` : email },
          )}
        </span>{' '}
        <span role="alert">{problem}</span>
      </p>
      <button type="button" className={styles.stop} aria-busy={busy} onClick={() => void stop()}>
        {busy ? texts.busy() : translate({ id: 'theme.xenon.impersonation.stop', message: 'Stop' })}
      </button>
    </aside>,
    document.body,
  );
}

// The code for administrators is loaded only now: the banner is part of the menu, which every page loads.
async function stopImpersonating(): Promise<string | undefined> {
  try {
    const { callAdmin } = await loadChunk(() => import('../../client/admin'));
    const { failure } = await callAdmin((admin, fetchOptions) => admin.stopImpersonating({ fetchOptions }));
    return failure && stopFailedText();
  } catch (error) {
    if (error instanceof NetworkError) return texts.offline();
    throw error;
  }
}

function stopFailedText(): string {
  return translate({
    id: 'theme.xenon.impersonation.failed',
    message: 'That did not work. Sign out, and sign in to your own account.',
  });
}
