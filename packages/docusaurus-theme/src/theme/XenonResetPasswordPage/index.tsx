import { useHistory } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import EmailForm from '@theme/XenonAuthForms/EmailForm';
import NewPasswordForm from '@theme/XenonAuthForms/NewPasswordForm';
import AuthLayout from '@theme/XenonAuthLayout';
import { sendResetMail } from '@xenon-auth/docusaurus-theme/internal/client/mails';
import { refreshSession, useSession } from '@xenon-auth/docusaurus-theme/internal/client/sessionStore';
import { paths } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import { useResetLink } from '@xenon-auth/docusaurus-theme/internal/client/useResetLink';
import { checkYourInboxTitle } from '@xenon-auth/docusaurus-theme/internal/components/CheckYourInbox';
import ResetMailSent from '@xenon-auth/docusaurus-theme/internal/components/ResetMailSent';
import { type ReactNode, useState } from 'react';

/** The page of the link in a reset mail: sets a new password, or sends a new link. */
export default function ResetPassword(): ReactNode {
  const link = useResetLink();
  const [isRejected, setRejected] = useState(false);
  const [sentTo, setSentTo] = useState<string>();
  const goToLogin = useGoToLogin();
  const title = translate({ id: 'theme.xenon.reset.title', message: 'Choose a new password' });
  if (sentTo !== undefined) {
    return (
      <AuthLayout title={checkYourInboxTitle()}>
        <ResetMailSent email={sentTo} onBack={() => setSentTo(undefined)} />
      </AuthLayout>
    );
  }
  if (isRejected || link === 'invalid') {
    return (
      <AuthLayout title={texts.usedLink()} intro={texts.usedLinkReason()}>
        <EmailForm send={sendResetMail} onSent={setSentTo} />
      </AuthLayout>
    );
  }
  if (link === 'none') {
    return (
      <AuthLayout
        title={title}
        intro={translate({
          id: 'theme.xenon.reset.none',
          message:
            'Open the link in the mail that we sent you. If you have no mail or the link has expired, request a new link.',
        })}
      >
        <EmailForm send={sendResetMail} onSent={setSentTo} />
      </AuthLayout>
    );
  }
  return (
    <AuthLayout
      title={title}
      description={translate({
        id: 'theme.xenon.reset.description',
        message: 'Choose a new password with the link in our mail.',
      })}
    >
      <NewPasswordForm token={link?.token} onSaved={goToLogin} onRejected={() => setRejected(true)} />
    </AuthLayout>
  );
}

// Navigates to /login/, so that password managers offer to save the password. If the server kept the session, /login/
// redirects to the page after a sign-in.
function useGoToLogin(): () => Promise<void> {
  const state = useSession();
  const history = useHistory();
  return async () => {
    if (state.status === 'signed-in') await refreshSession();
    history.replace(`${paths.login}?reset=1`);
  };
}
