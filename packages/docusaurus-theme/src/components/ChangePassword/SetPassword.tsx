import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { sendResetMail } from '../../client/mails';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import SubmitButton from '../SubmitButton';
import SuccessNotice from '../SuccessNotice';

/** For a person who signs in without a password: sends a link to set one. */
export default function SetPassword({ email }: { readonly email: string }): ReactNode {
  const [isSent, setSent] = useState(false);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const failed = await sendResetMail(email);
    setSent(!failed);
    return failed;
  });
  if (isSent) {
    return (
      <SuccessNotice>
        <p>
          {translate(
            {
              id: 'theme.xenon.account.password.mailed',
              message: 'A mail to {email} is on its way. Its link lets you set a password, within one hour.',
            },
            { email },
          )}
        </p>
      </SuccessNotice>
    );
  }
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      <p>
        {translate({
          id: 'theme.xenon.account.password.unset',
          message: 'This account has no password. With one, you can also sign in by e-mail address and password.',
        })}
      </p>
      <SubmitButton busy={busy} retryInSeconds={retryInSeconds}>
        {translate({ id: 'theme.xenon.account.password.send', message: 'Send me a link to set a password' })}
      </SubmitButton>
    </form>
  );
}
