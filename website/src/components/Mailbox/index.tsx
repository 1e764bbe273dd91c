import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import type { Failure } from '../../lib/failure';
import SendAgain from '../SendAgain';
import styles from './styles.module.css';

interface Props {
  /** What was sent, as a sentence with the address. */
  readonly children: ReactNode;
  /** Sends the mail once more; returns why not. */
  readonly send: () => Promise<Failure | undefined>;
  /** Goes back to the form, for those who mistyped. */
  readonly onBack: () => void;
}

/** It goes on in the mailbox. Looks the same whether the mail was sent or the address is nobody's. */
export default function Mailbox({ children, send, onBack }: Props): ReactNode {
  return (
    <div className={styles.mailbox}>
      <svg
        viewBox="0 0 64 48"
        width="64"
        height="48"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.5"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        <rect x="2" y="2" width="60" height="44" rx="5" />
        <path d="m4 6 28 22L60 6" />
      </svg>
      <p>{children}</p>
      <p className={styles.small}>
        {translate({
          id: 'mail.hour',
          message:
            'The link works once, and for an hour. Nothing there? Look into the spam folder, or check the address.',
        })}
      </p>
      <SendAgain send={send} />
      <button type="button" className={styles.back} onClick={onBack}>
        {translate({ id: 'mail.otherAddress', message: 'Use another address' })}
      </button>
    </div>
  );
}

/** What the page is called on which it stands. */
export function mailboxTitle(): string {
  return translate({ id: 'mail.title', message: 'Look into your mailbox' });
}
