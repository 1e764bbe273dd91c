import { useLocation } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useRef } from 'react';
import { useAuth } from '../../auth/AuthContext';
import type { Session } from '../../lib/authClient';
import ProviderButtons from '../ProviderButtons';
import SignInForm from '../SignInForm';
import Skeleton from '../Skeleton';
import styles from './styles.module.css';

interface Props {
  /** The content for a person who is signed in. */
  readonly children: (user: Session['user'], session: Session['session']) => ReactNode;
}

/** Shows its content if the person is signed in, and otherwise the sign-in form, without a redirect. */
export default function SignInBlock({ children }: Props): ReactNode {
  const { state, refresh } = useAuth();
  const { pathname } = useLocation();
  const content = useRef<HTMLDivElement>(null);
  const hadForm = useRef(false);
  // After a sign-in the content takes the focus, since the form no longer exists.
  useEffect(() => {
    if (state.status === 'signed-in' && hadForm.current) content.current?.focus();
    hadForm.current = state.status !== 'signed-in' && state.status !== 'pending';
  }, [state.status]);
  if (state.status === 'signed-in') {
    return (
      <div ref={content} tabIndex={-1} className={styles.content}>
        {children(state.user, state.session)}
      </div>
    );
  }
  if (state.status === 'pending') return <Skeleton />;
  return (
    <section className={styles.block} aria-labelledby="sign-in-heading">
      <h2 id="sign-in-heading">{translate({ id: 'protected.title', message: 'Sign in to continue' })}</h2>
      {state.status === 'unreachable' && (
        <div role="alert">
          <p>
            {translate({
              id: 'protected.unreachable',
              message: 'We cannot reach the server to see whether you are signed in.',
            })}
          </p>
          <button type="button" className="button button--secondary" onClick={refresh}>
            {translate({ id: 'form.retry', message: 'Try again' })}
          </button>
        </div>
      )}
      <SignInForm />
      <ProviderButtons start="login" next={pathname} />
    </section>
  );
}
