import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { useProviderResult } from '../auth/useProviderResult';
import { useRedirectSignedIn } from '../auth/useRedirectSignedIn';
import { useSearch } from '../auth/useSearch';
import AuthPage from '../components/AuthPage';
import { FormNote } from '../components/FormMessage';
import ProviderButtons from '../components/ProviderButtons';
import ProviderError from '../components/ProviderError';
import SignInForm from '../components/SignInForm';

/** Signs in, and continues to `?next=`. */
export default function Login(): ReactNode {
  const next = useRedirectSignedIn();
  const { provider, error } = useProviderResult() ?? {};
  const query = new URLSearchParams(useSearch() ?? '');
  return (
    <AuthPage title={translate({ id: 'login.title', message: 'Sign in' })}>
      {query.has('reset') && (
        <FormNote>{translate({ id: 'login.reset', message: 'Your new password is saved. Sign in with it.' })}</FormNote>
      )}
      {error && <ProviderError provider={provider} error={error} next={next} />}
      <SignInForm next={next} />
      <ProviderButtons start="login" next={next} />
    </AuthPage>
  );
}
