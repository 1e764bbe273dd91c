import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import AuthLayout from '@theme/XenonAuthLayout';
import { withNext } from '@xenon-auth/docusaurus-theme/internal/client/next';
import { paths } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import { methodsOfQuery } from '@xenon-auth/docusaurus-theme/internal/client/twoFactor';
import {
  confirmSession,
  useRedirectIfSignedIn,
} from '@xenon-auth/docusaurus-theme/internal/client/useRedirectIfSignedIn';
import { useSearch } from '@xenon-auth/docusaurus-theme/internal/client/useSearch';
import SecondFactor from '@xenon-auth/docusaurus-theme/internal/components/SecondFactor';
import Skeleton from '@xenon-auth/docusaurus-theme/internal/components/Skeleton';
import type { ReactNode } from 'react';

/** The second step of a sign-in: asks for a second factor, and continues to `?next=`. */
export default function TwoFactorPage(): ReactNode {
  const next = useRedirectIfSignedIn();
  const search = useSearch();
  return (
    <AuthLayout
      title={texts.secondStep()}
      intro={translate({
        id: 'theme.xenon.secondFactor.intro',
        message: 'Your account is protected by two-step verification.',
      })}
    >
      {search === undefined ? (
        <Skeleton lines={2} />
      ) : (
        <SecondFactor
          methods={methodsOfQuery(search)}
          onVerified={confirmSession}
          restart={<Link to={withNext(paths.login, next)}>{texts.startAgain()}</Link>}
        />
      )}
    </AuthLayout>
  );
}
