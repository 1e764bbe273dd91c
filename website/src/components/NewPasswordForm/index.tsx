import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callApi } from '../../auth/client';
import { useSubmit } from '../../auth/useSubmit';
import { fieldError } from '../../lib/errors';
import { checkPasswordLength } from '../../lib/password';
import FormMessage from '../FormMessage';
import PasswordField from '../PasswordField';
import SubmitButton from '../SubmitButton';

interface Props {
  /** The token of the link in the mail; undefined before hydration. */
  readonly token: string | undefined;
  readonly onSaved: () => void;
  /** Called when the token is used or expired, or the account no longer exists. */
  readonly onRejected: () => void;
}

/** Sets a new password with the token of the link in the mail. */
export default function NewPasswordForm({ token, onSaved, onRejected }: Props): ReactNode {
  const [newPassword, setNewPassword] = useState('');
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    const failed = checkPasswordLength(newPassword);
    if (failed || !token) return failed;
    const { failure } = await callApi((client, fetchOptions) =>
      client.resetPassword({ newPassword, token, fetchOptions }),
    );
    if (!failure) onSaved();
    if (failure?.code === 'INVALID_TOKEN' || failure?.code === 'USER_NOT_FOUND') onRejected();
    return failure;
  });
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} wait={wait} fields={{ password: 'password' }} />
      <PasswordField
        id="password"
        label={translate({ id: 'reset.password', message: 'New password' })}
        autoComplete="new-password"
        value={newPassword}
        onChange={setNewPassword}
        error={fieldError(failure, 'password')}
      />
      <SubmitButton busy={busy} wait={wait} block>
        {translate({ id: 'reset.submit', message: 'Save the password' })}
      </SubmitButton>
    </form>
  );
}
