import { useHistory } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { callApi } from '../../auth/client';
import { dropDrafts } from '../../auth/drafts';
import { useHasPassword } from '../../auth/useAccounts';
import { useSubmit } from '../../auth/useSubmit';
import type { User } from '../../lib/authClient';
import { describe } from '../../lib/errors';
import type { Failure } from '../../lib/failure';
import Field from '../Field';
import FormMessage from '../FormMessage';
import FormResult from '../FormResult';
import { usePasswordDialog } from '../PasswordDialog';
import PasswordField from '../PasswordField';
import Section from '../Section';
import SubmitButton from '../SubmitButton';
import Username from '../Username';

/** The page after an account was deleted, here or with the link in a mail. */
export const deletedPage = '/account/?deleted=yes';

/** Deletes the account with everything that belongs to it. */
export default function DeleteAccount({ user }: { readonly user: User }): ReactNode {
  const [step, setStep] = useState<'closed' | 'open' | 'mailed' | 'disabled'>('closed');
  return (
    <Section
      id="delete"
      danger
      title={translate({ id: 'account.delete', message: 'Delete your account' })}
      intro={
        step !== 'disabled' &&
        translate({
          id: 'account.delete.intro',
          message: 'Your account, your profile and all sessions are deleted at once. This cannot be undone.',
        })
      }
    >
      {step === 'closed' && (
        <button type="button" className="button button--secondary" onClick={() => setStep('open')}>
          {translate({ id: 'account.delete.open', message: 'Delete my account …' })}
        </button>
      )}
      {step === 'open' && (
        <Form
          user={user}
          onMailed={() => setStep('mailed')}
          onDisabled={() => setStep('disabled')}
          onCancel={() => setStep('closed')}
        />
      )}
      {step === 'mailed' && (
        <FormResult>
          <p>
            {translate(
              {
                id: 'account.delete.mailed',
                message:
                  'One more step: in this browser, open the link in the mail to {email}. Until then nothing is deleted.',
              },
              { email: user.email },
            )}
          </p>
        </FormResult>
      )}
      {step === 'disabled' && (
        <FormResult>
          <p>
            {translate({
              id: 'account.delete.off',
              message: 'Accounts cannot be deleted here. Please write to support.',
            })}
          </p>
        </FormResult>
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

function Form({ user, onMailed, onDisabled, onCancel }: FormProps): ReactNode {
  const history = useHistory();
  const [typed, setTyped] = useState('');
  const [password, setPassword] = useState('');
  const hasPassword = useHasPassword(user.id) ?? true;
  const { withConfirmation, dialog } = usePasswordDialog();
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => box.current?.querySelector('input')?.focus(), []);
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    if (!isConfirmation(typed, user.email)) return { code: 'NOT_CONFIRMED', status: 0 };
    const { data, failure } = await withConfirmation(() =>
      callApi((client, fetchOptions) =>
        client.deleteUser({ ...(hasPassword && { password }), callbackURL: deletedPage, fetchOptions }),
      ),
    );
    if (failure && isDisabledFailure(failure)) onDisabled();
    else if (failure) return failure;
    else if (data?.message === 'Verification email sent') onMailed();
    else {
      dropDrafts();
      history.replace(deletedPage);
    }
    return undefined;
  });
  const unconfirmed = failure?.code === 'NOT_CONFIRMED';
  const error = failure && describe(failure);
  return (
    <>
      <form ref={box} onSubmit={onSubmit} method="post">
        {!unconfirmed && <FormMessage failure={failure} wait={wait} fields={{ password: 'delete-password' }} />}
        <Field
          id="delete-confirm"
          label={translate({ id: 'account.delete.confirm', message: 'Type {email} to confirm' }, { email: user.email })}
          hint={translate({ id: 'account.delete.confirm.hint', message: 'Or the word DELETE.' })}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          value={typed}
          onChange={setTyped}
          error={
            unconfirmed
              ? translate({
                  id: 'account.delete.unconfirmed',
                  message: 'This is neither your address nor the word DELETE.',
                })
              : undefined
          }
        />
        {hasPassword && (
          <>
            <Username email={user.email} />
            <PasswordField
              id="delete-password"
              label={translate({ id: 'form.password', message: 'Password' })}
              autoComplete="current-password"
              value={password}
              onChange={setPassword}
              error={error?.field === 'password' ? error.message : undefined}
            />
          </>
        )}
        <SubmitButton danger busy={busy} wait={wait}>
          {translate({ id: 'account.delete.submit', message: 'Delete my account' })}
        </SubmitButton>{' '}
        <button type="button" className="button button--secondary" onClick={onCancel}>
          {translate({ id: 'form.cancel', message: 'Cancel' })}
        </button>
      </form>
      {dialog}
    </>
  );
}

function isConfirmation(typed: string, email: string): boolean {
  return typed.trim() === 'DELETE' || typed.trim().toLowerCase() === email.toLowerCase();
}

// If deletion is off, Better Auth answers as if the route did not exist.
function isDisabledFailure({ status, code }: Failure): boolean {
  return status === 404 && code === 'UNKNOWN';
}
