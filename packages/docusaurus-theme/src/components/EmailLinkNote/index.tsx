import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { useSession } from '../../client/sessionStore';
import { useSearch } from '../../client/useSearch';
import FormMessage from '../FormMessage';
import SuccessNotice from '../SuccessNotice';

/**
 * The result of a link in a mail that changes the email. The change can take two mails, to the old and then to the new
 * email. The query does not contain which of the two links was opened.
 */
export default function LinkNote(): ReactNode {
  const state = useSession();
  const query = new URLSearchParams(useSearch());
  if (query.get('email') !== 'link' || state.status === 'pending') return null;
  const code = query.get('error');
  if (code && code !== 'INVALID_USER') return <FormMessage failure={{ code, status: 401 }} />;
  return (
    <SuccessNotice>
      <p>{code ? otherUserText() : openedText(state.user?.email)}</p>
    </SuccessNotice>
  );
}

function otherUserText(): string {
  return translate({
    id: 'theme.xenon.account.email.link.otherUser',
    message: 'This link belongs to another account. Sign out and open it again.',
  });
}

function openedText(email: string | undefined): string {
  if (!email)
    return translate({
      id: 'theme.xenon.account.email.link.signedOut',
      message: 'The link worked. Sign in to see your e-mail address.',
    });
  return translate(
    {
      id: 'theme.xenon.account.email.link',
      message:
        'The link worked, and your address is {email}. If that is still the old one, open the link in the mail to the ' +
        'new one.',
    },
    { email },
  );
}
