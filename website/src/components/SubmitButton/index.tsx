import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { inMinutes, isLong } from '../../lib/wait';
import styles from './styles.module.css';

interface Props {
  readonly busy: boolean;
  /** Seconds left before another try. */
  readonly wait?: number;
  readonly danger?: boolean;
  /** As wide as its form. */
  readonly block?: boolean;
  readonly children: ReactNode;
}

/** Sends its form. While it does, it stays where it is and keeps the focus: it only says that it is busy. */
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
