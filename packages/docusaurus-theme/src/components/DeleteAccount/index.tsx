import { useHistory } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { User } from '../../client/authClient';
import { callAuth } from '../../client/callAuth';
import { dropDrafts } from '../../client/drafts';
import { describeFailure } from '../../client/errors';
import type { Failure } from '../../client/failure';
import { callbackUrl, paths, site } from '../../client/site';
import { texts } from '../../client/texts';
import { useHasPassword } from '../../client/useAccounts';
import { useFocusFirstInput } from '../../client/useFocusFirstInput';
import { useSubmit } from '../../client/useSubmit';
import Field from '../Field';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import PasswordField from '../PasswordField';
import Section from '../Section';
import SubmitButton from '../SubmitButton';
import SuccessNotice from '../SuccessNotice';
import Username from '../Username';

/** The page after an account was deleted, here or with the link in a mail. */
export const accountDeletedUrl = `${paths.account}?deleted=yes`;

/** The section of the account page that deletes the account. */
export default function DeleteAccount({ user }: { readonly user: User }): ReactNode {
  const [step, setStep] = useState<'closed' | 'open' | 'mailed' | 'disabled'>('closed');
  const opener = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (step === 'closed' && wasOpen.current) opener.current?.focus(); // the form with the focus no longer exists
    wasOpen.current = step === 'open';
  }, [step]);
  return (
    <Section
      id="delete"
      danger
      title={translate({ id: 'theme.xenon.account.delete', message: 'Delete your account' })}
      intro={
        step !== 'disabled' &&
        (site.profile
          ? translate({
              id: 'theme.xenon.account.delete.intro.profile',
              message: 'Your account, your profile and all sessions are deleted at once. This cannot be undone.',
            })
          : translate({
              id: 'theme.xenon.account.delete.intro',
              message: 'Your account and all sessions are deleted at once. This cannot be undone.',
            }))
      }
    >
      {step === 'closed' && (
        <button ref={opener} type="button" className="button button--secondary" onClick={() => setStep('open')}>
          {translate({ id: 'theme.xenon.account.delete.open', message: 'Delete my account …' })}
        </button>
      )}
      {step === 'open' && (
        <DeleteAccountForm
          user={user}
          onMailed={() => setStep('mailed')}
          onDisabled={() => setStep('disabled')}
          onCancel={() => setStep('closed')}
        />
      )}
      {step === 'mailed' && (
        <SuccessNotice>
          <p>
            {translate(
              {
                id: 'theme.xenon.account.delete.mailed',
                message:
                  'One more step: in this browser, open the link in the mail to {email}. Until then nothing is deleted.',
              },
              { email: user.email },
            )}
          </p>
        </SuccessNotice>
      )}
      {step === 'disabled' && (
        <SuccessNotice>
          <p>
            {translate({
              id: 'theme.xenon.account.delete.off',
              message: 'Accounts cannot be deleted here. Please write to support.',
            })}
          </p>
        </SuccessNotice>
      )}
    </Section>
  );
}

interface FormProps {
  readonly user: User;
  readonly onMailed: () => void;
  readonly onDisabled: () => void;
  readonly onCancel: () => void;
}

function DeleteAccountForm({ user, onMailed, onDisabled, onCancel }: FormProps): ReactNode {
  const history = useHistory();
  const [typed, setTyped] = useState('');
  const [password, setPassword] = useState('');
  const hasPassword = useHasPassword(user.id) ?? true;
  const { withReauthentication, dialog } = usePasswordDialog();
  const box = useFocusFirstInput(true);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    if (!isConfirmation(typed, user.email)) return { code: 'NOT_CONFIRMED', status: 0 };
    const { failure } = await withReauthentication(() =>
      callAuth((client, fetchOptions) =>
        client.deleteUser({
          ...(hasPassword && { password }),
          callbackURL: callbackUrl(accountDeletedUrl),
          fetchOptions,
        }),
      ),
    );
    if (failure && isDisabledFailure(failure)) onDisabled();
    else if (failure) return failure;
    else if (await hasSession()) onMailed();
    else {
      dropDrafts();
      history.replace(accountDeletedUrl);
    }
    return undefined;
  });
  const unconfirmed = failure?.code === 'NOT_CONFIRMED';
  const error = failure && describeFailure(failure);
  return (
    <>
      <form ref={box} onSubmit={onSubmit} method="post">
        {!unconfirmed && (
          <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ password: 'delete-password' }} />
        )}
        <Field
          name="delete-confirm"
          label={translate(
            { id: 'theme.xenon.account.delete.confirm', message: 'Type {email} to confirm' },
            { email: user.email },
          )}
          hint={translate({ id: 'theme.xenon.account.delete.confirm.hint', message: 'Or the word DELETE.' })}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          value={typed}
          onChange={setTyped}
          error={
            unconfirmed
              ? translate({
                  id: 'theme.xenon.account.delete.unconfirmed',
                  message: 'This is neither your address nor the word DELETE.',
                })
              : undefined
          }
        />
        {hasPassword && (
          <>
            <Username email={user.email} />
            <PasswordField
              name="delete-password"
              label={texts.password()}
              autoComplete="current-password"
              value={password}
              onChange={setPassword}
              error={error?.field === 'password' ? error.message : undefined}
            />
          </>
        )}
        <SubmitButton danger busy={busy} retryInSeconds={retryInSeconds}>
          {translate({ id: 'theme.xenon.account.delete.submit', message: 'Delete my account' })}
        </SubmitButton>{' '}
        <button type="button" className="button button--secondary" onClick={onCancel}>
          {texts.cancel()}
        </button>
      </form>
      {dialog}
    </>
  );
}

function isConfirmation(typed: string, email: string): boolean {
  return typed.trim() === 'DELETE' || typed.trim().toLowerCase() === email.toLowerCase();
}

// Depending on the server's settings, the account is deleted, or a mail is sent first. Only in the first case the
// session has ended.
async function hasSession(): Promise<boolean> {
  const { data } = await callAuth((client, fetchOptions) => client.getSession({ fetchOptions }));
  return !!data?.user;
}

// If deletion is off, Better Auth answers as if the route did not exist.
function isDisabledFailure({ status, code }: Failure): boolean {
  return status === 404 && code === 'UNKNOWN';
}
