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
  readonly secondary?: boolean;
  /** Full width of the form. */
  readonly block?: boolean;
  /** Called before the form is submitted, for a form with more than one button. */
  readonly onClick?: () => void;
  readonly children: ReactNode;
}

/** Submits its form. While a request runs or the form has to wait, the button shows that, and keeps the focus. */
export default function SubmitButton({
  busy,
  retryInSeconds = 0,
  danger,
  secondary,
  block,
  onClick,
  children,
}: Props): ReactNode {
  const look = danger ? styles.danger : secondary ? 'button--secondary' : 'button--primary';
  return (
    <button
      type="submit"
      className={clsx('button', look, block && 'button--block', styles.submit)}
      aria-busy={busy}
      aria-disabled={busy || retryInSeconds > 0}
      onClick={onClick}
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
