import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { useAuth } from '../../auth/AuthContext';
import { sendVerificationMail } from '../../auth/mails';
import { useSubmit } from '../../auth/useSubmit';
import type { User } from '../../lib/authClient';
import FormMessage, { FormNote } from '../FormMessage';
import styles from './styles.module.css';

/** The current email, whether it is verified, and a button that sends a link to verify it. */
export default function CurrentEmail({ user }: { readonly user: User }): ReactNode {
  return (
    <>
      <p className={styles.address}>
        <strong>{user.email}</strong>
        <span className={user.emailVerified ? styles.confirmed : styles.unconfirmed}>
          {user.emailVerified
            ? translate({ id: 'account.email.confirmed', message: 'Confirmed' })
            : translate({ id: 'account.email.unconfirmed', message: 'Not confirmed yet' })}
        </span>
      </p>
      {!user.emailVerified && <SendConfirmation email={user.email} />}
    </>
  );
}

function SendConfirmation({ email }: { readonly email: string }): ReactNode {
  const { refresh } = useAuth();
  const [sent, setSent] = useState(false);
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    const failed = await sendVerificationMail(email, '/account/');
    setSent(!failed);
    if (failed?.code === 'EMAIL_ALREADY_VERIFIED') await refresh();
    return failed;
  });
  return (
    <form onSubmit={onSubmit} method="post" className={styles.confirm}>
      <FormMessage failure={failure} wait={wait} />
      {sent && (
        <FormNote>
          {translate(
            {
              id: 'account.email.confirmSent',
              message: 'A link is on its way to {email}. Check the spam folder, too.',
            },
            { email },
          )}
        </FormNote>
      )}
      <button type="submit" className="button button--secondary" aria-busy={busy} aria-disabled={busy || wait > 0}>
        {sent
          ? translate({ id: 'account.email.confirmAgain', message: 'Send it again' })
          : translate({ id: 'account.email.confirm', message: 'Send a link to confirm it' })}
      </button>
    </form>
  );
}
