import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { useAuth } from '../../auth/AuthContext';
import { withNext } from '../../lib/next';
import Skeleton from '../Skeleton';

/** The next step after the email address is verified: sign in, or continue to `next` if the person is signed in. */
export default function Confirmed({ next }: { readonly next: string }): ReactNode {
  const { state } = useAuth();
  if (state.status === 'pending') return <Skeleton lines={1} />;
  if (state.status === 'signed-in') {
    return (
      <Link className="button button--primary button--block" to={next}>
        {translate({ id: 'verify.continue', message: 'Continue' })}
      </Link>
    );
  }
  return (
    <>
      <p>{translate({ id: 'verify.done.text', message: 'Thank you. You can sign in now.' })}</p>
      <Link className="button button--primary button--block" to={withNext('/login/', next)}>
        {translate({ id: 'verify.signIn', message: 'Sign in' })}
      </Link>
    </>
  );
}
