import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { sendResetMail } from '../../client/mails';
import CheckYourInbox from '../CheckYourInbox';

interface Props {
  readonly email: string;
  readonly onBack: () => void;
}

/** Shown after the person has asked for a link to choose a new password. */
export default function ResetMailSent({ email, onBack }: Props): ReactNode {
  return (
    <CheckYourInbox send={() => sendResetMail(email)} onBack={onBack}>
      {translate(
        {
          id: 'theme.xenon.forgot.sent.text',
          message: 'If {email} has an account here, a mail with a link to choose a new password is on its way.',
        },
        { email },
      )}
    </CheckYourInbox>
  );
}
