import { translate } from '@docusaurus/Translate';
import SignInForm from '@theme/XenonAuthForms/SignInForm';
import AuthLayout from '@theme/XenonAuthLayout';
import type { ReactNode } from 'react';
import { site } from '../../client/site';
import { useProviderResult } from '../../client/useProviderResult';
import { useRedirectIfSignedIn } from '../../client/useRedirectIfSignedIn';
import { useSearch } from '../../client/useSearch';
import { FormNote } from '../../components/FormMessage';
import ProviderButtons from '../../components/ProviderButtons';
import ProviderError from '../../components/ProviderError';

/** Signs in, and continues to `?next=`. */
export default function Login(): ReactNode {
  const next = useRedirectIfSignedIn();
  const { provider, error } = useProviderResult() ?? {};
  const query = new URLSearchParams(useSearch() ?? '');
  return (
    <AuthLayout title={translate({ id: 'theme.xenon.login.title', message: 'Sign in' })}>
      {query.has('reset') && (
        <FormNote>
          {translate({ id: 'theme.xenon.login.reset', message: 'Your new password is saved. Sign in with it.' })}
        </FormNote>
      )}
      {error && <ProviderError provider={provider} error={error} next={next} />}
      {site.methods.password && <SignInForm isPage next={next} />}
      <ProviderButtons start="login" next={next} />
    </AuthLayout>
  );
}
