import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { useProviderResult } from '../../auth/useProviderResult';
import { describeProviderError } from '../../lib/providerErrors';
import { FormAlert } from '../FormMessage';
import styles from './styles.module.css';

/**
 * Shows why a sign-in with a provider failed. If the API does not know the page on which the sign-in started, it
 * redirects to the home page, by /api/auth/error.
 */
export default function HomeError(): ReactNode {
  const error = useProviderResult()?.error;
  if (!error) return null;
  return (
    <div className={styles.error}>
      <FormAlert problem={error}>
        <p>{describeProviderError(error).message}</p>
        <p>
          <Link to="/login/">{translate({ id: 'protected.signIn', message: 'Sign in' })}</Link>
        </p>
      </FormAlert>
    </div>
  );
}
