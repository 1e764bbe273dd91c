import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { sendVerificationMail } from '../auth/mails';
import { useProviderResult } from '../auth/useProviderResult';
import { useRedirectSignedIn } from '../auth/useRedirectSignedIn';
import AuthPage from '../components/AuthPage';
import Mailbox, { mailboxTitle } from '../components/Mailbox';
import ProviderButtons from '../components/ProviderButtons';
import ProviderError from '../components/ProviderError';
import RegisterForm from '../components/RegisterForm';

/** Creates an account. Depending on the server's settings, the person is signed in or has to open a mail first. */
export default function Register(): ReactNode {
  const next = useRedirectSignedIn();
  const { provider, error } = useProviderResult() ?? {};
  const [mailedTo, setMailedTo] = useState<string>();
  if (mailedTo !== undefined) {
    return (
      <AuthPage title={mailboxTitle()}>
        <Mailbox send={() => sendVerificationMail(mailedTo, next)} onBack={() => setMailedTo(undefined)}>
          {translate(
            {
              id: 'register.mailed.text',
              message: 'We have sent a mail to {email}. Open its link to confirm your address; then you can sign in.',
            },
            { email: mailedTo },
          )}
        </Mailbox>
      </AuthPage>
    );
  }
  return (
    <AuthPage title={translate({ id: 'register.title', message: 'Create your account' })}>
      {error && <ProviderError provider={provider} error={error} next={next} current="register" />}
      <RegisterForm next={next} onMailed={setMailedTo} />
      <ProviderButtons start="register" next={next} />
    </AuthPage>
  );
}
