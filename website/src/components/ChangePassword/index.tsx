import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { ask } from '../../auth/client';
import { useHasPassword } from '../../auth/useAccounts';
import { useSubmit } from '../../auth/useSubmit';
import type { User } from '../../lib/authClient';
import { describe } from '../../lib/errors';
import Checkbox from '../Checkbox';
import Done from '../Done';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import PasswordField from '../PasswordField';
import Section from '../Section';
import SubmitButton from '../SubmitButton';
import Username from '../Username';
import SetPassword from './SetPassword';

/** Changes the password. The form disappears after success, so that password managers offer to save the password. */
export default function ChangePassword({ user }: { readonly user: User }): ReactNode {
  const [done, setDone] = useState<'alone' | 'with others'>();
  const hasPassword = useHasPassword(user.id) ?? true;
  return (
    <Section id="password" title={translate({ id: 'account.password', message: 'Password' })}>
      {!hasPassword ? (
        <SetPassword email={user.email} />
      ) : done ? (
        <Done>
          <p>
            {done === 'alone'
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
        </Done>
      ) : (
        <Form user={user} onDone={(others) => setDone(others ? 'alone' : 'with others')} />
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
  const { confirmed, dialog } = usePasswordDialog();
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    const { failure } = await confirmed(() =>
      ask((client, fetchOptions) =>
        client.changePassword({ currentPassword, newPassword, revokeOtherSessions, fetchOptions }),
      ),
    );
    if (!failure) onDone(revokeOtherSessions);
    return failure;
  });
  const wrong = failure?.code === 'INVALID_PASSWORD';
  const words = failure && describe(failure);
  const about = words?.field === 'password' ? words.message : undefined;
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
          error={wrong ? about : undefined}
        />
        <PasswordField
          id="new-password"
          label={translate({ id: 'account.password.new', message: 'New password' })}
          autoComplete="new-password"
          value={newPassword}
          onChange={setNew}
          about={[user.name, user.email]}
          error={wrong ? undefined : about}
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
