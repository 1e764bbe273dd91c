import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callApi } from '../../auth/client';
import { useHasPassword } from '../../auth/useAccounts';
import { useSubmit } from '../../auth/useSubmit';
import type { User } from '../../lib/authClient';
import { describe } from '../../lib/errors';
import Checkbox from '../Checkbox';
import FormMessage from '../FormMessage';
import FormResult from '../FormResult';
import { usePasswordDialog } from '../PasswordDialog';
import PasswordField from '../PasswordField';
import Section from '../Section';
import SubmitButton from '../SubmitButton';
import Username from '../Username';
import SetPassword from './SetPassword';

/** Changes the password. The form disappears after success, so that password managers offer to save the password. */
export default function ChangePassword({ user }: { readonly user: User }): ReactNode {
  const [done, setDone] = useState<'others signed out' | 'others kept'>();
  const hasPassword = useHasPassword(user.id) ?? true;
  return (
    <Section id="password" title={translate({ id: 'account.password', message: 'Password' })}>
      {!hasPassword ? (
        <SetPassword email={user.email} />
      ) : done ? (
        <FormResult>
          <p>
            {done === 'others signed out'
              ? translate({
                  id: 'account.password.alone',
                  message: 'Your password is changed, and all other devices are signed out.',
                })
              : translate({
                  id: 'account.password.others',
                  message: 'Your password is changed. Other devices stay signed in.',
                })}
          </p>
          <button type="button" className="button button--secondary button--sm" onClick={() => setDone(undefined)}>
            {translate({ id: 'account.password.again', message: 'Change it again' })}
          </button>
        </FormResult>
      ) : (
        <Form user={user} onDone={(revokedOthers) => setDone(revokedOthers ? 'others signed out' : 'others kept')} />
      )}
    </Section>
  );
}

interface FormProps {
  readonly user: User;
  readonly onDone: (revokedOthers: boolean) => void;
}

function Form({ user, onDone }: FormProps): ReactNode {
  const [currentPassword, setCurrent] = useState('');
  const [newPassword, setNew] = useState('');
  const [revokeOtherSessions, setRevoke] = useState(true);
  const { withConfirmation, dialog } = usePasswordDialog();
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    const { failure } = await withConfirmation(() =>
      callApi((client, fetchOptions) =>
        client.changePassword({ currentPassword, newPassword, revokeOtherSessions, fetchOptions }),
      ),
    );
    if (!failure) onDone(revokeOtherSessions);
    return failure;
  });
  const wrong = failure?.code === 'INVALID_PASSWORD';
  const error = failure && describe(failure);
  const passwordError = error?.field === 'password' ? error.message : undefined;
  return (
    <>
      <form onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} wait={wait} fields={{ password: wrong ? 'current-password' : 'new-password' }}>
          {failure?.code === 'CREDENTIAL_ACCOUNT_NOT_FOUND' && (
            <p>
              {translate({ id: 'account.password.none', message: 'This account has no password yet.' })}{' '}
              <Link to="/forgot-password/">
                {translate({ id: 'account.password.byMail', message: 'Set one by e-mail' })}
              </Link>
            </p>
          )}
        </FormMessage>
        <Username email={user.email} />
        <PasswordField
          id="current-password"
          label={translate({ id: 'account.password.current', message: 'Current password' })}
          autoComplete="current-password"
          value={currentPassword}
          onChange={setCurrent}
          error={wrong ? passwordError : undefined}
        />
        <PasswordField
          id="new-password"
          label={translate({ id: 'account.password.new', message: 'New password' })}
          autoComplete="new-password"
          value={newPassword}
          onChange={setNew}
          about={[user.name, user.email]}
          error={wrong ? undefined : passwordError}
        />
        <Checkbox name="revokeOtherSessions" checked={revokeOtherSessions} onChange={setRevoke}>
          {translate({ id: 'account.password.revoke', message: 'Sign out all other devices' })}
        </Checkbox>
        <SubmitButton busy={busy} wait={wait}>
          {translate({ id: 'account.password.submit', message: 'Change password' })}
        </SubmitButton>
      </form>
      {dialog}
    </>
  );
}
