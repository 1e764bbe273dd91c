import { translate } from '@docusaurus/Translate';
import RegisterForm from '@theme/XenonAuthForms/RegisterForm';
import AuthLayout from '@theme/XenonAuthLayout';
import { sendVerificationMail } from '@xenon-auth/docusaurus-theme/internal/client/mails';
import { site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { useProviderResult } from '@xenon-auth/docusaurus-theme/internal/client/useProviderResult';
import { useRedirectIfSignedIn } from '@xenon-auth/docusaurus-theme/internal/client/useRedirectIfSignedIn';
import CheckYourInbox, { checkYourInboxTitle } from '@xenon-auth/docusaurus-theme/internal/components/CheckYourInbox';
import MailSignInLink from '@xenon-auth/docusaurus-theme/internal/components/MailSignInLink';
import ProviderButtons from '@xenon-auth/docusaurus-theme/internal/components/ProviderButtons';
import ProviderError from '@xenon-auth/docusaurus-theme/internal/components/ProviderError';
import { type ReactNode, useState } from 'react';

/** Creates an account. Depending on the server's settings, the person is signed in or has to open a mail first. */
export default function Register(): ReactNode {
  const next = useRedirectIfSignedIn();
  const { provider, error } = useProviderResult() ?? {};
  const [mailedTo, setMailedTo] = useState<string>();
  if (mailedTo !== undefined) {
    return (
      <AuthLayout title={checkYourInboxTitle()}>
        <CheckYourInbox send={() => sendVerificationMail(mailedTo, next)} onBack={() => setMailedTo(undefined)}>
          {translate(
            {
              id: 'theme.xenon.register.mailed.text',
              message: 'We have sent a mail to {email}. Open its link to confirm your address; then you can sign in.',
            },
            { email: mailedTo },
          )}
        </CheckYourInbox>
      </AuthLayout>
    );
  }
  return (
    <AuthLayout
      title={translate({ id: 'theme.xenon.register.title', message: 'Create your account' })}
      description={translate({ id: 'theme.xenon.register.description', message: 'Create an account on this site.' })}
    >
      {error && <ProviderError provider={provider} error={error} next={next} current="register" />}
      {(site.methods.password || !site.signUp) && <RegisterForm next={next} onMailed={setMailedTo} />}
      {site.signUp && <MailSignInLink next={next} />}
      {site.signUp && <ProviderButtons start="register" next={next} />}
    </AuthLayout>
  );
}
