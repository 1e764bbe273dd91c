import { translate } from '@docusaurus/Translate';
import RegisterForm from '@theme/XenonAuthForms/RegisterForm';
import AuthLayout from '@theme/XenonAuthLayout';
import { type ReactNode, useState } from 'react';
import { sendVerificationMail } from '../../client/mails';
import { site } from '../../client/site';
import { useProviderResult } from '../../client/useProviderResult';
import { useRedirectIfSignedIn } from '../../client/useRedirectIfSignedIn';
import CheckYourInbox, { checkYourInboxTitle } from '../../components/CheckYourInbox';
import ProviderButtons from '../../components/ProviderButtons';
import ProviderError from '../../components/ProviderError';

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
    <AuthLayout title={translate({ id: 'theme.xenon.register.title', message: 'Create your account' })}>
      {error && <ProviderError provider={provider} error={error} next={next} current="register" />}
      {(site.methods.password || !site.signUp) && <RegisterForm next={next} onMailed={setMailedTo} />}
      {site.signUp && <ProviderButtons start="register" next={next} />}
    </AuthLayout>
  );
}
