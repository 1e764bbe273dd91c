import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import AuthLayout from '@theme/XenonAuthLayout';
import { paths } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import { useMagicLink } from '@xenon-auth/docusaurus-theme/internal/client/useMagicLink';
import ConfirmMagicLink from '@xenon-auth/docusaurus-theme/internal/components/ConfirmMagicLink';
import Skeleton from '@xenon-auth/docusaurus-theme/internal/components/Skeleton';
import type { ReactNode } from 'react';

/** The page of a mailed link with MAGIC_LINK_CONFIRM=on. Opening it does not sign in: mail scanners open links. */
export default function MagicLinkPage(): ReactNode {
  const link = useMagicLink();
  if (link?.token === null) {
    return (
      <AuthLayout
        title={texts.usedLink()}
        intro={translate({
          id: 'theme.xenon.magicLink.none',
          message: 'The link is not complete. Copy all of it from the mail, or get a new one.',
        })}
      >
        <Link className="button button--primary button--block" to={paths.mailSignIn}>
          {translate({ id: 'theme.xenon.magicLink.new', message: 'Get a new link' })}
        </Link>
      </AuthLayout>
    );
  }
  return (
    <AuthLayout
      title={translate({ id: 'theme.xenon.magicLink.title', message: 'Sign in with this link' })}
      intro={translate({
        id: 'theme.xenon.magicLink.intro',
        message: 'One more click: programs that check mails open links, so a link alone does not sign you in.',
      })}
    >
      {link ? <ConfirmMagicLink token={link.token} next={link.next} /> : <Skeleton lines={1} />}
    </AuthLayout>
  );
}
