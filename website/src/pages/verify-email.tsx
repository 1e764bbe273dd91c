import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { useAuth } from '../auth/AuthContext';
import { sendVerificationMail } from '../auth/mails';
import { useSearch } from '../auth/useSearch';
import AuthPage from '../components/AuthPage';
import Confirmed from '../components/Confirmed';
import EmailForm from '../components/EmailForm';
import Mailbox, { mailboxTitle } from '../components/Mailbox';
import Skeleton from '../components/Skeleton';
import { nextPath } from '../lib/next';

/** The page to which the API redirects after it has checked a verification link: with `?verified` or `?error=CODE`. */
export default function VerifyEmail(): ReactNode {
  const { state } = useAuth();
  const search = useSearch();
  const [sentTo, setSentTo] = useState<string>();
  const next = nextPath(search ?? '');
  const send = (email: string) => sendVerificationMail(email, next);
  if (sentTo !== undefined) {
    return (
      <AuthPage title={mailboxTitle()}>
        <Mailbox send={() => send(sentTo)} onBack={() => setSentTo(undefined)}>
          {translate(
            {
              id: 'verify.sent',
              message: 'If {email} has an account here that is not confirmed yet, a mail with a link is on its way.',
            },
            { email: sentTo },
          )}
        </Mailbox>
      </AuthPage>
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
    <AuthPage title={title} intro={intro}>
      {content}
    </AuthPage>
  );
}

interface Screen {
  readonly title: string;
  readonly intro?: string;
  readonly content: ReactNode;
}

/** Returns the content for the query that the API appended. `sendForm` is the form that sends another mail. */
function screenOf(search: string | undefined, verified: boolean, next: string, sendForm: ReactNode): Screen {
  const title = translate({ id: 'verify.title', message: 'Confirm your e-mail address' });
  if (search === undefined) return { title, content: <Skeleton lines={2} /> };
  const query = new URLSearchParams(search);
  if (query.get('error') === 'USER_NOT_FOUND') return deletedScreen();
  if (query.has('error')) {
    return {
      title: translate({ id: 'link.used', message: 'This link no longer works' }),
      intro: translate({
        id: 'link.used.text',
        message: 'It was used already, or it is more than an hour old. Request a new link.',
      }),
      content: sendForm,
    };
  }
  if (query.has('verified') || verified) {
    return {
      title: translate({ id: 'verify.done', message: 'Your e-mail address is confirmed' }),
      content: <Confirmed next={next} />,
    };
  }
  return {
    title,
    intro: translate({
      id: 'verify.none',
      message: 'Open the link in the mail we sent you. If you have none, let us send another.',
    }),
    content: sendForm,
  };
}

function deletedScreen(): Screen {
  return {
    title: translate({ id: 'verify.gone', message: 'This account no longer exists' }),
    intro: translate({
      id: 'verify.gone.text',
      message: 'It was deleted, or its address was changed, after the mail was sent.',
    }),
    content: (
      <Link className="button button--primary button--block" to="/register/">
        {translate({ id: 'verify.register', message: 'Register again' })}
      </Link>
    ),
  };
}
