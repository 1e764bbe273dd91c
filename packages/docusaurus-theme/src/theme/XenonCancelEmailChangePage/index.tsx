import { translate } from '@docusaurus/Translate';
import AuthLayout from '@theme/XenonAuthLayout';
import { useResetLink } from '@xenon-auth/docusaurus-theme/internal/client/useResetLink';
import CancelEmailChange from '@xenon-auth/docusaurus-theme/internal/components/CancelEmailChange';
import type { ReactNode } from 'react';

/** The page of the link in the mail to the old email address. Opening it changes nothing: mail scanners open links. */
export default function CancelEmailChangePage(): ReactNode {
  const link = useResetLink();
  const title = translate({ id: 'theme.xenon.cancelChange.title', message: 'Stop the change of your e-mail address' });
  if (link === 'none' || link === 'invalid') {
    return (
      <AuthLayout
        title={title}
        intro={translate({
          id: 'theme.xenon.cancelChange.none',
          message: 'Open the link in the mail that told you about the change.',
        })}
      >
        {null}
      </AuthLayout>
    );
  }
  return (
    <AuthLayout
      title={title}
      intro={translate({
        id: 'theme.xenon.cancelChange.intro',
        message: 'Someone who was signed in to your account asked to change its e-mail address.',
      })}
    >
      <CancelEmailChange token={link?.token} />
    </AuthLayout>
  );
}
