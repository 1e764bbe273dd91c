import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { nameOf, useProviders } from '../../auth/useProviders';
import { withNext } from '../../lib/next';
import { describeProviderError, type NextStep } from '../../lib/providerErrors';
import { FormAlert } from '../FormMessage';

interface Props {
  /** The id of the provider, if it is known. */
  readonly provider: string | null | undefined;
  /** The code of the error. */
  readonly error: string;
  /** The page to open after the sign-in. */
  readonly next: string;
  /** The step that this page itself offers: the message then has no link to it. */
  readonly current?: NextStep;
}

/** Shows why a sign-in with a provider failed or an account was not linked, and what the person can do. */
export default function ProviderError({ provider, error, next, current }: Props): ReactNode {
  const providers = useProviders();
  if (!providers) return null; // the message contains the name of the provider
  const { message, nextStep } = describeProviderError(error, nameOf(providers, provider));
  return (
    <FormAlert problem={error}>
      <p>{message}</p>
      {nextStep && nextStep !== current && <p>{linkTo(nextStep, next)}</p>}
    </FormAlert>
  );
}

function linkTo(nextStep: NextStep, next: string): ReactNode {
  switch (nextStep) {
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
