import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { useRedirectSignedIn } from '../auth/useRedirectSignedIn';
import { useSearch } from '../auth/useSearch';
import AuthPage from '../components/AuthPage';
import { FormNote } from '../components/FormMessage';
import SignInForm from '../components/SignInForm';

/** Signs in, and continues to `?next=`. */
export default function Login(): ReactNode {
  const next = useRedirectSignedIn();
  const query = new URLSearchParams(useSearch() ?? '');
  return (
    <AuthPage title={translate({ id: 'login.title', message: 'Sign in' })}>
      {query.has('reset') && (
        <FormNote>{translate({ id: 'login.reset', message: 'Your new password is saved. Sign in with it.' })}</FormNote>
      )}
      <SignInForm next={next} />
    </AuthPage>
  );
}
