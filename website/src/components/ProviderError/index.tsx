import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { nameOf, useProviders } from '../../auth/useProviders';
import { withNext } from '../../lib/next';
import { describeProviderError, type Way } from '../../lib/providerErrors';
import { FormAlert } from '../FormMessage';

interface Props {
  /** The id of the provider, if it is known. */
  readonly provider: string | null | undefined;
  /** The code of the error. */
  readonly error: string;
  /** The page to open after the sign-in. */
  readonly next: string;
  /** A way that is this page itself, and gets no link. */
  readonly here?: Way;
}

/** Says why a sign-in at a provider failed or an account was not linked, and what the person can do. */
export default function ProviderError({ provider, error, next, here }: Props): ReactNode {
  const providers = useProviders();
  if (!providers) return null; // the message names the provider
  const { message, way } = describeProviderError(error, nameOf(providers, provider));
  return (
    <FormAlert about={error}>
      <p>{message}</p>
      {way && way !== here && <p>{linkTo(way, next)}</p>}
    </FormAlert>
  );
}

function linkTo(way: Way, next: string): ReactNode {
  switch (way) {
    case 'register':
      return <Link to={withNext('/register/', next)}>{translate({ id: 'login.register', message: 'Register' })}</Link>;
    case 'link':
      return (
        <Link to="/account/#sign-in-methods">
          {translate({ id: 'providerError.toAccount', message: 'Sign in and open my account page' })}
        </Link>
      );
    case 'verify':
      return (
        <Link to="/verify-email/">{translate({ id: 'providerError.toVerify', message: 'Send another link' })}</Link>
      );
    case 'reset':
      return (
        <Link to="/forgot-password/">
          {translate({ id: 'providerError.toReset', message: 'Choose a password by e-mail' })}
        </Link>
      );
  }
}
