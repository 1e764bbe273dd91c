import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callAdmin, type ManagedUser } from '../../client/admin';
import { fieldError } from '../../client/errors';
import { checkPasswordLength } from '../../client/password';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import PasswordField from '../PasswordField';
import { useResultNote } from '../ResultNote';
import Section from '../Section';
import SubmitButton from '../SubmitButton';

/** Sets a new password for a user. */
export default function PasswordSection({ user }: { readonly user: ManagedUser }): ReactNode {
  const [newPassword, setNewPassword] = useState('');
  const { note, show, clear } = useResultNote();
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    clear();
    const tooShortOrLong = checkPasswordLength(newPassword);
    if (tooShortOrLong) return tooShortOrLong;
    const { failure } = await callAdmin((admin, fetchOptions) =>
      admin.setUserPassword({ newPassword, userId: user.id, fetchOptions }),
    );
    if (failure) return failure;
    setNewPassword('');
    show(translate({ id: 'theme.xenon.admin.password.saved', message: 'The new password is saved.' }));
    return undefined;
  });
  return (
    <Section
      id="password"
      title={translate({ id: 'theme.xenon.admin.password', message: 'Password' })}
      intro={translate({
        id: 'theme.xenon.admin.password.intro',
        message: 'The user stays signed in where they are. To sign them out, use the sessions above.',
      })}
    >
      <form onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ password: 'user-password' }} />
        {note}
        <PasswordField
          name="user-password"
          label={translate({ id: 'theme.xenon.admin.password.label', message: 'New password of the user' })}
          autoComplete="new-password"
          about={[user.name, user.email]}
          value={newPassword}
          onChange={setNewPassword}
          error={fieldError(failure, 'password')}
        />
        <SubmitButton busy={busy} retryInSeconds={retryInSeconds} secondary>
          {translate({ id: 'theme.xenon.admin.password.submit', message: 'Set the password' })}
        </SubmitButton>
      </form>
    </Section>
  );
}
