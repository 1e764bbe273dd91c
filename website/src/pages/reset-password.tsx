import { useHistory } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { useAuth } from '../auth/AuthContext';
import { sendResetMail } from '../auth/mails';
import { useResetLink } from '../auth/useResetLink';
import AuthPage from '../components/AuthPage';
import EmailForm from '../components/EmailForm';
import { mailboxTitle } from '../components/Mailbox';
import NewPasswordForm from '../components/NewPasswordForm';
import ResetMailbox from '../components/ResetMailbox';

/** The page of the link in a reset mail: sets a new password, or sends a new link. */
export default function ResetPassword(): ReactNode {
  const link = useResetLink();
  const [isRejected, setRejected] = useState(false);
  const [sentTo, setSentTo] = useState<string>();
  const saved = useSaved();
  const title = translate({ id: 'reset.title', message: 'Choose a new password' });
  if (sentTo !== undefined) {
    return (
      <AuthPage title={mailboxTitle()}>
        <ResetMailbox email={sentTo} onBack={() => setSentTo(undefined)} />
      </AuthPage>
    );
  }
  if (isRejected || link === 'invalid') {
    return (
      <AuthPage
        title={translate({ id: 'link.used', message: 'This link no longer works' })}
        intro={translate({
          id: 'link.used.text',
          message: 'It was used already, or it is more than an hour old. Request a new link.',
        })}
      >
        <EmailForm send={sendResetMail} onSent={setSentTo} />
      </AuthPage>
    );
  }
  if (link === 'none') {
    return (
      <AuthPage
        title={title}
        intro={translate({
          id: 'reset.none',
          message:
            'Open the link in the mail that we sent you. If you have no mail or the link has expired, request a new link.',
        })}
      >
        <EmailForm send={sendResetMail} onSent={setSentTo} />
      </AuthPage>
    );
  }
  return (
    <AuthPage title={title}>
      <NewPasswordForm token={link?.token} onSaved={saved} onRejected={() => setRejected(true)} />
    </AuthPage>
  );
}

// Navigates to /login/, so that password managers offer to save the password. If the server kept the session, /login/
// redirects to the profile.
function useSaved(): () => Promise<void> {
  const { state, refresh } = useAuth();
  const history = useHistory();
  return async () => {
    if (state.status === 'signed-in') await refresh();
    history.replace('/login/?reset=1');
  };
}
