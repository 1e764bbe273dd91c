import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { useProviderResult } from '../../auth/useProviderResult';
import { describeProviderError } from '../../lib/providerErrors';
import { FormAlert } from '../FormMessage';
import styles from './styles.module.css';

/**
 * Says why a sign-in failed, when the API did not know the page where it started: then /api/auth/error redirects to the
 * home page.
 */
export default function HomeError(): ReactNode {
  const error = useProviderResult()?.error;
  if (!error) return null;
  return (
    <div className={styles.error}>
      <FormAlert about={error}>
        <p>{describeProviderError(error).message}</p>
        <p>
          <Link to="/login/">{translate({ id: 'protected.signIn', message: 'Sign in' })}</Link>
        </p>
      </FormAlert>
    </div>
  );
}
