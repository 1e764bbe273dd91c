import { useLocation } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import SignInForm from '@theme/XenonAuthForms/SignInForm';
import type { Session } from '@xenon-auth/docusaurus-theme/internal/client/authClient';
import { refreshSession, useSession } from '@xenon-auth/docusaurus-theme/internal/client/sessionStore';
import { site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import MailSignInLink from '@xenon-auth/docusaurus-theme/internal/components/MailSignInLink';
import ProviderButtons from '@xenon-auth/docusaurus-theme/internal/components/ProviderButtons';
import Skeleton from '@xenon-auth/docusaurus-theme/internal/components/Skeleton';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import styles from './styles.module.css';

interface Props {
  /** The content for a person who is signed in; a function gets the person and the session. */
  readonly children: ReactNode | ((user: Session['user'], session: Session['session']) => ReactNode);
}

/** Shows its content if the person is signed in, and otherwise the sign-in form, without a redirect. */
export default function RequireAuth({ children }: Props): ReactNode {
  const state = useSession();
  const { pathname } = useLocation();
  const heading = useId();
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
        {typeof children === 'function' ? children(state.user, state.session) : children}
      </div>
    );
  }
  if (state.status === 'pending') return <Skeleton />;
  return (
    <section className={styles.block} aria-labelledby={heading}>
      <h2 id={heading}>{translate({ id: 'theme.xenon.protected.title', message: 'Sign in to continue' })}</h2>
      {state.status === 'unreachable' && (
        <div role="alert">
          <p>
            {translate({
              id: 'theme.xenon.protected.unreachable',
              message: 'We cannot reach the server to see whether you are signed in.',
            })}
          </p>
          <button type="button" className="button button--secondary" onClick={() => void refreshSession()}>
            {texts.retry()}
          </button>
        </div>
      )}
      {site.methods.password && <SignInForm />}
      <MailSignInLink next={pathname} />
      <ProviderButtons start="login" next={pathname} />
    </section>
  );
}
