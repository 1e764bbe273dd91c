import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import EmailForm from '@theme/XenonAuthForms/EmailForm';
import AuthLayout from '@theme/XenonAuthLayout';
import { sendVerificationMail } from '@xenon-auth/docusaurus-theme/internal/client/mails';
import { nextPath } from '@xenon-auth/docusaurus-theme/internal/client/next';
import { useSession } from '@xenon-auth/docusaurus-theme/internal/client/sessionStore';
import { paths } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import { useSearch } from '@xenon-auth/docusaurus-theme/internal/client/useSearch';
import CheckYourInbox, { checkYourInboxTitle } from '@xenon-auth/docusaurus-theme/internal/components/CheckYourInbox';
import Confirmed from '@xenon-auth/docusaurus-theme/internal/components/Confirmed';
import Skeleton from '@xenon-auth/docusaurus-theme/internal/components/Skeleton';
import { type ReactNode, useState } from 'react';

/** The page to which the API redirects after it has checked a verification link: with `?verified` or `?error=CODE`. */
export default function VerifyEmail(): ReactNode {
  const state = useSession();
  const search = useSearch();
  const [sentTo, setSentTo] = useState<string>();
  const next = nextPath(search ?? '');
  const send = (email: string) => sendVerificationMail(email, next);
  if (sentTo !== undefined) {
    return (
      <AuthLayout title={checkYourInboxTitle()}>
        <CheckYourInbox send={() => send(sentTo)} onBack={() => setSentTo(undefined)}>
          {translate(
            {
              id: 'theme.xenon.verify.sent',
              message: 'If {email} has an account here that is not confirmed yet, a mail with a link is on its way.',
            },
            { email: sentTo },
          )}
        </CheckYourInbox>
      </AuthLayout>
    );
  }
  const email = state.user?.email;
  const { title, intro, content } = screenOf(
    search,
    state.user?.emailVerified ?? false,
    next,
    <EmailForm key={email} initial={email} send={send} onSent={setSentTo} />,
  );
  return (
    <AuthLayout title={title} intro={intro} description={descriptionText()}>
      {content}
    </AuthLayout>
  );
}

function descriptionText(): string {
  return translate({
    id: 'theme.xenon.verify.description',
    message: 'Confirm your e-mail address with the link in our mail.',
  });
}

interface Screen {
  readonly title: string;
  readonly intro?: string;
  readonly content: ReactNode;
}

/** Returns the content for the query that the API appended. `sendForm` is the form that sends another mail. */
function screenOf(search: string | undefined, verified: boolean, next: string, sendForm: ReactNode): Screen {
  const title = translate({ id: 'theme.xenon.verify.title', message: 'Confirm your e-mail address' });
  if (search === undefined) return { title, content: <Skeleton lines={2} /> };
  const query = new URLSearchParams(search);
  if (query.get('error') === 'USER_NOT_FOUND') return deletedScreen();
  if (query.has('error')) {
    return {
      title: texts.usedLink(),
      intro: texts.usedLinkReason(),
      content: sendForm,
    };
  }
  if (query.has('verified') || verified) {
    return {
      title: translate({ id: 'theme.xenon.verify.done', message: 'Your e-mail address is confirmed' }),
      content: <Confirmed next={next} />,
    };
  }
  return {
    title,
    intro: translate({
      id: 'theme.xenon.verify.none',
      message: 'Open the link in the mail we sent you. If you have none, let us send another.',
    }),
    content: sendForm,
  };
}

function deletedScreen(): Screen {
  return {
    title: translate({ id: 'theme.xenon.verify.gone', message: 'This account no longer exists' }),
    intro: translate({
      id: 'theme.xenon.verify.gone.text',
      message: 'It was deleted, or its address was changed, after the mail was sent.',
    }),
    content: (
      <Link className="button button--primary button--block" to={paths.register}>
        {translate({ id: 'theme.xenon.verify.register', message: 'Register again' })}
      </Link>
    ),
  };
}
