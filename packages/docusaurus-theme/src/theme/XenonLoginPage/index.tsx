import { translate } from '@docusaurus/Translate';
import SignInForm from '@theme/XenonAuthForms/SignInForm';
import AuthLayout from '@theme/XenonAuthLayout';
import MailSignInPage from '@theme/XenonMailSignInPage';
import { mailMethods } from '@xenon-auth/docusaurus-theme/internal/client/mailSignIn';
import { site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { useProviderResult } from '@xenon-auth/docusaurus-theme/internal/client/useProviderResult';
import { useRedirectIfSignedIn } from '@xenon-auth/docusaurus-theme/internal/client/useRedirectIfSignedIn';
import { useSearch } from '@xenon-auth/docusaurus-theme/internal/client/useSearch';
import { FormNote } from '@xenon-auth/docusaurus-theme/internal/components/FormMessage';
import MailSignInLink from '@xenon-auth/docusaurus-theme/internal/components/MailSignInLink';
import ProviderButtons from '@xenon-auth/docusaurus-theme/internal/components/ProviderButtons';
import ProviderError from '@xenon-auth/docusaurus-theme/internal/components/ProviderError';
import type { ReactNode } from 'react';

/** Signs in, and continues to `?next=`. */
export default function Login(): ReactNode {
  const isByMailOnly = !site.methods.password && mailMethods.length > 0;
  return isByMailOnly ? <MailSignInPage title={titleText()} /> : <LoginWithPassword />;
}

function LoginWithPassword(): ReactNode {
  const next = useRedirectIfSignedIn();
  const { provider, error } = useProviderResult() ?? {};
  const query = new URLSearchParams(useSearch() ?? '');
  return (
    <AuthLayout
      title={titleText()}
      description={translate({ id: 'theme.xenon.login.description', message: 'Sign in to your account.' })}
    >
      {query.has('reset') && (
        <FormNote>
          {translate({ id: 'theme.xenon.login.reset', message: 'Your new password is saved. Sign in with it.' })}
        </FormNote>
      )}
      {error && <ProviderError provider={provider} error={error} next={next} />}
      {site.methods.password && <SignInForm isPage next={next} />}
      <MailSignInLink next={next} />
      <ProviderButtons start="login" next={next} />
    </AuthLayout>
  );
}

function titleText(): string {
  return translate({ id: 'theme.xenon.login.title', message: 'Sign in' });
}
