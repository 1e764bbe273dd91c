import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { sendResetMail } from '../auth/mails';
import AuthPage from '../components/AuthPage';
import EmailForm from '../components/EmailForm';
import { mailboxTitle } from '../components/Mailbox';
import ResetMailbox from '../components/ResetMailbox';

/** Sends a link to choose a new password. It shows the same if the email has no account. */
export default function ForgotPassword(): ReactNode {
  const [sentTo, setSentTo] = useState<string>();
  if (sentTo !== undefined) {
    return (
      <AuthPage title={mailboxTitle()}>
        <ResetMailbox email={sentTo} onBack={() => setSentTo(undefined)} />
      </AuthPage>
    );
  }
  return (
    <AuthPage
      title={translate({ id: 'forgot.title', message: 'Forgot your password?' })}
      intro={translate({
        id: 'forgot.intro',
        message: 'Enter your e-mail address. We send you a link to choose a new password.',
      })}
    >
      <EmailForm send={sendResetMail} onSent={setSentTo} />
      <p className="margin-top--md margin-bottom--none text--center">
        <Link to="/login/">{translate({ id: 'forgot.back', message: 'Back to sign in' })}</Link>
      </p>
    </AuthPage>
  );
}
