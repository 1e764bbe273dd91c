import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { withNext } from '../../client/next';
import { useSession } from '../../client/sessionStore';
import { paths } from '../../client/site';
import { texts } from '../../client/texts';
import Skeleton from '../Skeleton';

/** The next step after the email address is verified: sign in, or continue to `next` if the person is signed in. */
export default function Confirmed({ next }: { readonly next: string }): ReactNode {
  const state = useSession();
  if (state.status === 'pending') return <Skeleton lines={1} />;
  if (state.status === 'signed-in') {
    return (
      <Link className="button button--primary button--block" to={next}>
        {translate({ id: 'theme.xenon.verify.continue', message: 'Continue' })}
      </Link>
    );
  }
  return (
    <>
      <p>{translate({ id: 'theme.xenon.verify.done.text', message: 'Thank you. You can sign in now.' })}</p>
      <Link className="button button--primary button--block" to={withNext(paths.login, next)}>
        {texts.signIn()}
      </Link>
    </>
  );
}
