import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import type { User } from '../../client/authClient';
import { callAuth } from '../../client/callAuth';
import { describeFailure } from '../../client/errors';
import { paths } from '../../client/site';
import { useHasPassword } from '../../client/useAccounts';
import { useFocusFirstInput } from '../../client/useFocusFirstInput';
import { useSubmit } from '../../client/useSubmit';
import Checkbox from '../Checkbox';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import PasswordField from '../PasswordField';
import Section from '../Section';
import SubmitButton from '../SubmitButton';
import SuccessNotice from '../SuccessNotice';
import Username from '../Username';
import SetPassword from './SetPassword';

/** Changes the password. The form disappears after success, so that password managers offer to save the password. */
export default function ChangePassword({ user }: { readonly user: User }): ReactNode {
  const [done, setDone] = useState<'others signed out' | 'others kept'>();
  const [isAgain, setAgain] = useState(false);
  const hasPassword = useHasPassword(user.id) ?? true;
  return (
    <Section id="password" title={translate({ id: 'theme.xenon.account.password', message: 'Password' })}>
      {!hasPassword ? (
        <SetPassword email={user.email} />
      ) : done ? (
        <SuccessNotice>
          <p>
            {done === 'others signed out'
              ? translate({
                  id: 'theme.xenon.account.password.alone',
                  message: 'Your password is changed, and all other devices are signed out.',
                })
              : translate({
                  id: 'theme.xenon.account.password.others',
                  message: 'Your password is changed. Other devices stay signed in.',
                })}
          </p>
          <button
            type="button"
            className="button button--secondary button--sm"
            onClick={() => {
              setAgain(true);
              setDone(undefined);
            }}
          >
            {translate({ id: 'theme.xenon.account.password.again', message: 'Change it again' })}
          </button>
        </SuccessNotice>
      ) : (
        <ChangePasswordForm
          user={user}
          takesFocus={isAgain}
          onDone={(revokedOthers) => setDone(revokedOthers ? 'others signed out' : 'others kept')}
        />
      )}
    </Section>
  );
}

interface FormProps {
  readonly user: User;
  /** Whether the form replaces the button that had the focus. */
  readonly takesFocus: boolean;
  readonly onDone: (revokedOthers: boolean) => void;
}

function ChangePasswordForm({ user, takesFocus, onDone }: FormProps): ReactNode {
  const box = useFocusFirstInput(takesFocus);
  const [currentPassword, setCurrent] = useState('');
  const [newPassword, setNew] = useState('');
  const [revokeOtherSessions, setRevoke] = useState(true);
  const { withReauthentication, dialog } = usePasswordDialog();
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const { failure } = await withReauthentication(() =>
      callAuth((client, fetchOptions) =>
        client.changePassword({ currentPassword, newPassword, revokeOtherSessions, fetchOptions }),
      ),
    );
    if (!failure) onDone(revokeOtherSessions);
    return failure;
  });
  const wrong = failure?.code === 'INVALID_PASSWORD';
  const error = failure && describeFailure(failure);
  const passwordError = error?.field === 'password' ? error.message : undefined;
  return (
    <>
      <form ref={box} onSubmit={onSubmit} method="post">
        <FormMessage
          failure={failure}
          retryInSeconds={retryInSeconds}
          fields={{ password: wrong ? 'current-password' : 'new-password' }}
        >
          {failure?.code === 'CREDENTIAL_ACCOUNT_NOT_FOUND' && (
            <p>
              {translate({ id: 'theme.xenon.account.password.none', message: 'This account has no password yet.' })}{' '}
              <Link to={paths.forgotPassword}>
                {translate({ id: 'theme.xenon.account.password.byMail', message: 'Set one by e-mail' })}
              </Link>
            </p>
          )}
        </FormMessage>
        <Username email={user.email} />
        <PasswordField
          name="current-password"
          label={translate({ id: 'theme.xenon.account.password.current', message: 'Current password' })}
          autoComplete="current-password"
          value={currentPassword}
          onChange={setCurrent}
          error={wrong ? passwordError : undefined}
        />
        <PasswordField
          name="new-password"
          label={translate({ id: 'theme.xenon.account.password.new', message: 'New password' })}
          autoComplete="new-password"
          value={newPassword}
          onChange={setNew}
          about={[user.name, user.email]}
          error={wrong ? undefined : passwordError}
        />
        <Checkbox name="revokeOtherSessions" checked={revokeOtherSessions} onChange={setRevoke}>
          {translate({ id: 'theme.xenon.account.password.revoke', message: 'Sign out all other devices' })}
        </Checkbox>
        <SubmitButton busy={busy} retryInSeconds={retryInSeconds}>
          {translate({ id: 'theme.xenon.account.password.submit', message: 'Change password' })}
        </SubmitButton>
      </form>
      {dialog}
    </>
  );
}
