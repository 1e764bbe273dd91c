import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import type { User } from '../../client/authClient';
import { sendVerificationMail } from '../../client/mails';
import { refreshSession } from '../../client/sessionStore';
import { paths } from '../../client/site';
import { useSubmit } from '../../client/useSubmit';
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
            ? translate({ id: 'theme.xenon.account.email.confirmed', message: 'Confirmed' })
            : translate({ id: 'theme.xenon.account.email.unconfirmed', message: 'Not confirmed yet' })}
        </span>
      </p>
      {!user.emailVerified && <SendConfirmation email={user.email} />}
    </>
  );
}

function SendConfirmation({ email }: { readonly email: string }): ReactNode {
  const [sent, setSent] = useState(false);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const failed = await sendVerificationMail(email, paths.account);
    setSent(!failed);
    if (failed?.code === 'EMAIL_ALREADY_VERIFIED') await refreshSession();
    return failed;
  });
  return (
    <form onSubmit={onSubmit} method="post" className={styles.confirm}>
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      {sent && (
        <FormNote>
          {translate(
            {
              id: 'theme.xenon.account.email.confirmSent',
              message: 'A link is on its way to {email}. Check the spam folder, too.',
            },
            { email },
          )}
        </FormNote>
      )}
      <button
        type="submit"
        className="button button--secondary"
        aria-busy={busy}
        aria-disabled={busy || retryInSeconds > 0}
      >
        {sent
          ? translate({ id: 'theme.xenon.account.email.confirmAgain', message: 'Send it again' })
          : translate({ id: 'theme.xenon.account.email.confirm', message: 'Send a link to confirm it' })}
      </button>
    </form>
  );
}
