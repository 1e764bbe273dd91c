import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { inMinutes, isLong } from '../../lib/wait';
import styles from './styles.module.css';

interface Props {
  readonly busy: boolean;
  /** Seconds until the next attempt. */
  readonly wait?: number;
  readonly danger?: boolean;
  /** Full width of the form. */
  readonly block?: boolean;
  readonly children: ReactNode;
}

/** Submits its form. While the form is sent or has to wait, the button keeps the focus and its text says so. */
export default function SubmitButton({ busy, wait = 0, danger, block, children }: Props): ReactNode {
  return (
    <button
      type="submit"
      className={clsx('button', danger ? 'button--danger' : 'button--primary', block && 'button--block', styles.submit)}
      aria-busy={busy}
      aria-disabled={busy || wait > 0}
    >
      {busy ? translate({ id: 'form.busy', message: 'One moment …' }) : wait > 0 ? waiting(wait) : children}
    </button>
  );
}

function waiting(seconds: number): string {
  return isLong(seconds)
    ? translate({ id: 'form.waitingMinutes', message: 'Wait {minutes} min' }, { minutes: inMinutes(seconds) })
    : translate({ id: 'form.waiting', message: 'Wait {seconds} s' }, { seconds });
}
