import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import EmailForm from '@theme/XenonAuthForms/EmailForm';
import AuthLayout from '@theme/XenonAuthLayout';
import { sendResetMail } from '@xenon-auth/docusaurus-theme/internal/client/mails';
import { paths } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { checkYourInboxTitle } from '@xenon-auth/docusaurus-theme/internal/components/CheckYourInbox';
import ResetMailSent from '@xenon-auth/docusaurus-theme/internal/components/ResetMailSent';
import { type ReactNode, useState } from 'react';

/** Sends a link to choose a new password. It shows the same if the email has no account. */
export default function ForgotPassword(): ReactNode {
  const [sentTo, setSentTo] = useState<string>();
  if (sentTo !== undefined) {
    return (
      <AuthLayout title={checkYourInboxTitle()}>
        <ResetMailSent email={sentTo} onBack={() => setSentTo(undefined)} />
      </AuthLayout>
    );
  }
  return (
    <AuthLayout
      title={translate({ id: 'theme.xenon.forgot.title', message: 'Forgot your password?' })}
      intro={translate({
        id: 'theme.xenon.forgot.intro',
        message: 'Enter your e-mail address. We send you a link to choose a new password.',
      })}
    >
      <EmailForm send={sendResetMail} onSent={setSentTo} />
      <p className="margin-top--md margin-bottom--none text--center">
        <Link to={paths.login}>{translate({ id: 'theme.xenon.forgot.back', message: 'Back to sign in' })}</Link>
      </p>
    </AuthLayout>
  );
}
