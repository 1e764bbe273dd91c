import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { sendResetMail } from '../../auth/mails';
import Mailbox from '../Mailbox';

interface Props {
  readonly email: string;
  readonly onBack: () => void;
}

/** Shown after the person has asked for a link to choose a new password. */
export default function ResetMailbox({ email, onBack }: Props): ReactNode {
  return (
    <Mailbox send={() => sendResetMail(email)} onBack={onBack}>
      {translate(
        {
          id: 'forgot.sent.text',
          message: 'If {email} has an account here, a mail with a link to choose a new password is on its way.',
        },
        { email },
      )}
    </Mailbox>
  );
}
