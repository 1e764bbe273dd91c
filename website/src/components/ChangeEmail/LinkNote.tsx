import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { useAuth } from '../../auth/AuthContext';
import { useSearch } from '../../auth/useSearch';
import Done from '../Done';
import FormMessage from '../FormMessage';

/**
 * The result of a link from a mail that changes the email address. There can be two mails one after the other, and the
 * query does not tell which of them the link was in.
 */
export default function LinkNote(): ReactNode {
  const { state } = useAuth();
  const query = new URLSearchParams(useSearch());
  if (query.get('email') !== 'link' || state.status === 'pending') return null;
  const code = query.get('error');
  if (code && code !== 'INVALID_USER') return <FormMessage failure={{ code, status: 401 }} />;
  return (
    <Done>
      <p>{code ? otherUser() : opened(state.user?.email)}</p>
    </Done>
  );
}

function otherUser(): string {
  return translate({
    id: 'account.email.link.otherUser',
    message: 'This link belongs to another account. Sign out and open it again.',
  });
}

function opened(email: string | undefined): string {
  if (!email)
    return translate({
      id: 'account.email.link.signedOut',
      message: 'Your link is confirmed. Sign in to see your e-mail address.',
    });
  return translate(
    {
      id: 'account.email.link',
      message:
        'The link worked, and your address is {email}. If that is still the old one, open the link in the mail to the ' +
        'new one.',
    },
    { email },
  );
}
