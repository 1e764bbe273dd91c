import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { mailMethods } from '../../client/mailSignIn';
import { withNext } from '../../client/next';
import { paths } from '../../client/site';

/** A link to the page that signs in by mail. Renders nothing if the site does not offer that. */
export default function MailSignInLink({ next }: { readonly next: string }): ReactNode {
  if (mailMethods.length === 0) return null;
  return (
    <p className="margin-top--md margin-bottom--none">
      <Link className="button button--secondary button--block" to={withNext(paths.mailSignIn, next)}>
        {translate({ id: 'theme.xenon.mailSignIn.link', message: 'Continue without a password' })}
      </Link>
    </p>
  );
}
