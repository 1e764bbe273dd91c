import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { describeProviderError, paths, useProviderResult } from '@xenon-auth/docusaurus-theme/client';
import { type ReactNode, useEffect, useRef } from 'react';
import styles from './styles.module.css';

/**
 * Shows why a sign-in with a provider failed. If the API does not know the page on which the sign-in started, it
 * redirects to the home page, by /api/auth/error. Screen readers read the message because it takes the focus.
 */
export default function HomeError(): ReactNode {
  const error = useProviderResult()?.error;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error) box.current?.focus();
  }, [error]);
  if (!error) return null;
  return (
    <div ref={box} role="alert" aria-live="off" tabIndex={-1} className={styles.error}>
      <p>{describeProviderError(error).message}</p>
      <p>
        <Link to={paths.login}>{translate({ id: 'home.error.signIn', message: 'Sign in' })}</Link>
      </p>
    </div>
  );
}
