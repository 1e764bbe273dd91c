import { translate } from '@docusaurus/Translate';
import { callAuth } from '@xenon-auth/docusaurus-theme/internal/client/callAuth';
import { fieldError } from '@xenon-auth/docusaurus-theme/internal/client/errors';
import { checkPasswordLength } from '@xenon-auth/docusaurus-theme/internal/client/password';
import { useSubmit } from '@xenon-auth/docusaurus-theme/internal/client/useSubmit';
import FormMessage from '@xenon-auth/docusaurus-theme/internal/components/FormMessage';
import PasswordField from '@xenon-auth/docusaurus-theme/internal/components/PasswordField';
import SubmitButton from '@xenon-auth/docusaurus-theme/internal/components/SubmitButton';
import { type ReactNode, useState } from 'react';

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
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const failed = checkPasswordLength(newPassword);
    if (failed || !token) return failed;
    const { failure } = await callAuth((client, fetchOptions) =>
      client.resetPassword({ newPassword, token, fetchOptions }),
    );
    if (!failure) onSaved();
    if (failure?.code === 'INVALID_TOKEN' || failure?.code === 'USER_NOT_FOUND') onRejected();
    return failure;
  });
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ password: 'password' }} />
      <PasswordField
        id="password"
        name="password"
        label={translate({ id: 'theme.xenon.reset.password', message: 'New password' })}
        autoComplete="new-password"
        value={newPassword}
        onChange={setNewPassword}
        error={fieldError(failure, 'password')}
      />
      <SubmitButton busy={busy} retryInSeconds={retryInSeconds} block>
        {translate({ id: 'theme.xenon.reset.submit', message: 'Save the password' })}
      </SubmitButton>
    </form>
  );
}
