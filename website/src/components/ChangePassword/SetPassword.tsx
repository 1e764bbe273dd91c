import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { sendResetMail } from '../../auth/mails';
import { useSubmit } from '../../auth/useSubmit';
import FormMessage from '../FormMessage';
import FormResult from '../FormResult';
import SubmitButton from '../SubmitButton';

/** For a person who signs in without a password: sends a link to set one. */
export default function SetPassword({ email }: { readonly email: string }): ReactNode {
  const [isSent, setSent] = useState(false);
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    const failed = await sendResetMail(email);
    setSent(!failed);
    return failed;
  });
  if (isSent) {
    return (
      <FormResult>
        <p>
          {translate(
            {
              id: 'account.password.mailed',
              message: 'A mail to {email} is on its way. Its link lets you set a password, within one hour.',
            },
            { email },
          )}
        </p>
      </FormResult>
    );
  }
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} wait={wait} />
      <p>
        {translate({
          id: 'account.password.unset',
          message: 'This account has no password. With one, you can also sign in by e-mail address and password.',
        })}
      </p>
      <SubmitButton busy={busy} wait={wait}>
        {translate({ id: 'account.password.send', message: 'Send me a link to set a password' })}
      </SubmitButton>
    </form>
  );
}
