import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { withNext } from '../../client/next';
import { describeProviderError, type NextStep } from '../../client/providerErrors';
import { paths } from '../../client/site';
import { texts } from '../../client/texts';
import { providerName, useProviders } from '../../client/useProviders';
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
  const { message, nextStep } = describeProviderError(error, providerName(providers, provider));
  return (
    <FormAlert problem={error}>
      <p>{message}</p>
      {nextStep && nextStep !== current && <p>{nextStepLink(nextStep, next)}</p>}
    </FormAlert>
  );
}

function nextStepLink(nextStep: NextStep, next: string): ReactNode {
  switch (nextStep) {
    case 'register':
      return <Link to={withNext(paths.register, next)}>{texts.register()}</Link>;
    case 'link':
      return (
        <Link to={`${paths.account}#sign-in-methods`}>
          {translate({ id: 'theme.xenon.providerError.toAccount', message: 'Sign in and open my account page' })}
        </Link>
      );
    case 'verify':
      return (
        <Link to={paths.verifyEmail}>
          {translate({ id: 'theme.xenon.providerError.toVerify', message: 'Send another link' })}
        </Link>
      );
    case 'reset':
      return (
        <Link to={paths.forgotPassword}>
          {translate({ id: 'theme.xenon.providerError.toReset', message: 'Choose a password by e-mail' })}
        </Link>
      );
  }
}
