import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import MailSignInForm from '@theme/XenonAuthForms/MailSignInForm';
import SignInCodeForm from '@theme/XenonAuthForms/SignInCodeForm';
import AuthLayout from '@theme/XenonAuthLayout';
import { type MailMethod, sendSignInLink } from '@xenon-auth/docusaurus-theme/internal/client/mailSignIn';
import { withNext } from '@xenon-auth/docusaurus-theme/internal/client/next';
import { paths, site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { useProviderResult } from '@xenon-auth/docusaurus-theme/internal/client/useProviderResult';
import { useRedirectIfSignedIn } from '@xenon-auth/docusaurus-theme/internal/client/useRedirectIfSignedIn';
import CheckYourInbox, { checkYourInboxTitle } from '@xenon-auth/docusaurus-theme/internal/components/CheckYourInbox';
import FormMessage from '@xenon-auth/docusaurus-theme/internal/components/FormMessage';
import ProviderButtons from '@xenon-auth/docusaurus-theme/internal/components/ProviderButtons';
import ProviderError from '@xenon-auth/docusaurus-theme/internal/components/ProviderError';
import { type ReactNode, useState } from 'react';

interface Props {
  /** The title of a page that signs in only by mail. */
  readonly title?: string;
}

/** Signs in with a link or a code by mail. The API redirects to it, with `?error=CODE`, if a link does not work. */
export default function MailSignIn({ title }: Props): ReactNode {
  const next = useRedirectIfSignedIn();
  const { provider, error } = useProviderResult() ?? {};
  const [email, setEmail] = useState<string>();
  const [sent, setSent] = useState<MailMethod>();
  const goBack = () => setSent(undefined);
  if (email !== undefined && sent) {
    return (
      <AuthLayout title={checkYourInboxTitle()}>
        {sent === 'link' ? (
          <LinkSent email={email} next={next} onBack={goBack} />
        ) : (
          <SignInCodeForm email={email} next={next} onBack={goBack} />
        )}
      </AuthLayout>
    );
  }
  return (
    <AuthLayout
      title={title ?? translate({ id: 'theme.xenon.mailSignIn.title', message: 'Sign in by e-mail' })}
      intro={introText()}
    >
      {error &&
        (isLinkError(error) ? (
          <FormMessage failure={{ code: error, status: 400 }} />
        ) : (
          <ProviderError provider={provider} error={error} next={next} />
        ))}
      <MailSignInForm
        initial={email}
        next={next}
        onSent={(address, method) => {
          setEmail(address);
          setSent(method);
        }}
      />
      {site.methods.password && (
        <p className="margin-top--md margin-bottom--none text--center">
          <Link to={withNext(paths.login, next)}>
            {translate({ id: 'theme.xenon.mailSignIn.password', message: 'Sign in with a password' })}
          </Link>
        </p>
      )}
      <ProviderButtons start="login" next={next} />
    </AuthLayout>
  );
}

// The codes with which the API redirects if a link does not sign in. All others are errors of a provider.
function isLinkError(code: string): boolean {
  return ['INVALID_TOKEN', 'new_user_signup_disabled', 'failed_to_create_user'].includes(code);
}

function introText(): string {
  return site.signUp
    ? translate({
        id: 'theme.xenon.mailSignIn.intro.signUp',
        message: 'You need no password. If you have no account yet, we create one.',
      })
    : translate({ id: 'theme.xenon.mailSignIn.intro', message: 'You need no password.' });
}

interface LinkSentProps {
  readonly email: string;
  readonly next: string;
  readonly onBack: () => void;
}

function LinkSent({ email, next, onBack }: LinkSentProps): ReactNode {
  return (
    <CheckYourInbox
      note={translate({
        id: 'theme.xenon.mailSignIn.linkNote',
        message:
          'You can use the link once, within five minutes. No mail? Check the spam folder and the address above.',
      })}
      send={() => sendSignInLink(email, next)}
      onBack={onBack}
    >
      {translate(
        {
          id: 'theme.xenon.mailSignIn.linkSent',
          message: 'We have sent a mail to {email}. Open its link in this browser to sign in.',
        },
        { email },
      )}
    </CheckYourInbox>
  );
}
