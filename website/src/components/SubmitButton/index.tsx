import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { inMinutes, isLong } from '../../lib/wait';
import styles from './styles.module.css';

interface Props {
  readonly busy: boolean;
  /** Seconds until the form can be sent again. */
  readonly wait?: number;
  readonly danger?: boolean;
  /** Full width of the form. */
  readonly block?: boolean;
  readonly children: ReactNode;
}

/** Submits its form. While a request runs or the form has to wait, the button shows that, and keeps the focus. */
export default function SubmitButton({ busy, wait = 0, danger, block, children }: Props): ReactNode {
  return (
    <button
      type="submit"
      className={clsx('button', danger ? 'button--danger' : 'button--primary', block && 'button--block', styles.submit)}
      aria-busy={busy}
      aria-disabled={busy || wait > 0}
    >
      {busy ? translate({ id: 'form.busy', message: 'One moment …' }) : wait > 0 ? waitText(wait) : children}
    </button>
  );
}

function waitText(seconds: number): string {
  return isLong(seconds)
    ? translate({ id: 'form.waitingMinutes', message: 'Wait {minutes} min' }, { minutes: inMinutes(seconds) })
    : translate({ id: 'form.waiting', message: 'Wait {seconds} s' }, { seconds });
}
