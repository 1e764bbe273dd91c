import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { texts } from '../../client/texts';
import { isLongWait, roundUpToMinutes } from '../../client/wait';
import styles from './styles.module.css';

interface Props {
  readonly busy: boolean;
  /** Seconds until the form can be sent again. */
  readonly retryInSeconds?: number;
  readonly danger?: boolean;
  /** Full width of the form. */
  readonly block?: boolean;
  readonly children: ReactNode;
}

/** Submits its form. While a request runs or the form has to wait, the button shows that, and keeps the focus. */
export default function SubmitButton({ busy, retryInSeconds = 0, danger, block, children }: Props): ReactNode {
  return (
    <button
      type="submit"
      className={clsx('button', danger ? styles.danger : 'button--primary', block && 'button--block', styles.submit)}
      aria-busy={busy}
      aria-disabled={busy || retryInSeconds > 0}
    >
      {busy ? texts.busy() : retryInSeconds > 0 ? waitText(retryInSeconds) : children}
    </button>
  );
}

/** The text of a button that has to wait. */
export function waitText(seconds: number): string {
  return isLongWait(seconds)
    ? translate(
        { id: 'theme.xenon.form.waitingMinutes', message: 'Wait {minutes} min' },
        { minutes: roundUpToMinutes(seconds) },
      )
    : translate({ id: 'theme.xenon.form.waiting', message: 'Wait {seconds} s' }, { seconds });
}
