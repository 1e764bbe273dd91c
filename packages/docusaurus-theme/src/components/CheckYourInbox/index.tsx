import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import type { Failure } from '../../client/failure';
import { texts } from '../../client/texts';
import SendAgain from '../SendAgain';
import styles from './styles.module.css';

interface Props {
  /** A sentence about the mail, with the email address. */
  readonly children: ReactNode;
  /** How long the link works; default: one hour. */
  readonly note?: string;
  /** Sends the mail again; returns the failure, if any. */
  readonly send: () => Promise<Failure | undefined>;
  /** Goes back to the form, to correct the email address. */
  readonly onBack: () => void;
}

/** Tells the person to open the mail. It looks the same for an email without an account. */
export default function CheckYourInbox({ children, note, send, onBack }: Props): ReactNode {
  return (
    <div className={styles.inbox}>
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
        {note ??
          translate({
            id: 'theme.xenon.mail.hour',
            message:
              'You can use the link once, within one hour. No mail? Check the spam folder and the address above.',
          })}
      </p>
      <SendAgain send={send} />
      <button type="button" className={styles.back} onClick={onBack}>
        {texts.otherAddress()}
      </button>
    </div>
  );
}

/** The title of a page that shows a CheckYourInbox. */
export function checkYourInboxTitle(): string {
  return translate({ id: 'theme.xenon.mail.title', message: 'Check your mailbox' });
}
