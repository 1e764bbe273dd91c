import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callApi } from '../../auth/client';
import { useSubmit } from '../../auth/useSubmit';
import type { User } from '../../lib/authClient';
import type { Failure } from '../../lib/failure';
import Field, { emailInput } from '../Field';
import FormMessage from '../FormMessage';
import FormResult from '../FormResult';
import { usePasswordDialog } from '../PasswordDialog';
import Section from '../Section';
import SubmitButton from '../SubmitButton';
import CurrentEmail from './CurrentEmail';

// The page that the links in the mails redirect to; LinkNote shows the result.
const callbackURL = '/account/?email=link';

/** Shows the email address, verifies it and changes it. */
export default function ChangeEmail({ user }: { readonly user: User }): ReactNode {
  const [sentTo, setSentTo] = useState<string>();
  const [isDisabled, setDisabled] = useState(false);
  return (
    <Section id="email" title={translate({ id: 'account.email', message: 'E-mail address' })}>
      <CurrentEmail user={user} />
      {isDisabled && (
        <p>{translate({ id: 'account.email.off', message: 'You cannot change your e-mail address on this site.' })}</p>
      )}
      {sentTo && (
        <FormResult>
          <p>
            {translate(
              {
                id: 'account.email.sent',
                message:
                  'Almost done: open the link in the mail to {next}. On some sites you first get a mail to {now}, and the ' +
                  'mail to {next} after you opened its link. Until then {now} stays your address.',
              },
              { next: sentTo, now: user.email },
            )}
          </p>
          <button type="button" className="button button--secondary button--sm" onClick={() => setSentTo(undefined)}>
            {translate({ id: 'account.email.again', message: 'Use another address' })}
          </button>
        </FormResult>
      )}
      {!isDisabled && !sentTo && <Form user={user} onSent={setSentTo} onDisabled={() => setDisabled(true)} />}
    </Section>
  );
}

interface FormProps {
  readonly user: User;
  readonly onSent: (newEmail: string) => void;
  readonly onDisabled: () => void;
}

function Form({ user, onSent, onDisabled }: FormProps): ReactNode {
  const [typed, setTyped] = useState('');
  const { withConfirmation, dialog } = usePasswordDialog();
  const newEmail = typed.trim();
  const same = newEmail.toLowerCase() === user.email;
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    if (same) return { code: 'SAME_EMAIL', status: 0 };
    const { failure } = await withConfirmation(() =>
      callApi((client, fetchOptions) => client.changeEmail({ newEmail, callbackURL, fetchOptions })),
    );
    if (!failure) onSent(newEmail);
    else if (isDisabledFailure(failure)) onDisabled();
    return failure;
  });
  const error =
    failure && (failure.code === 'SAME_EMAIL' || failure.code === 'VALIDATION_ERROR') ? errorText(same) : undefined;
  return (
    <>
      <form onSubmit={onSubmit} method="post">
        {!error && <FormMessage failure={failure} wait={wait} fields={{ email: 'new-email' }} />}
        <Field
          {...emailInput}
          id="new-email"
          label={translate({ id: 'account.email.new', message: 'New e-mail address' })}
          hint={translate({
            id: 'account.email.hint',
            message: 'We send a link there. The address changes when you open it. We also notify your old address.',
          })}
          autoComplete="email"
          value={typed}
          onChange={setTyped}
          error={error}
        />
        <SubmitButton busy={busy} wait={wait}>
          {translate({ id: 'account.email.submit', message: 'Change address' })}
        </SubmitButton>
      </form>
      {dialog}
    </>
  );
}

function errorText(same: boolean): string {
  return same
    ? translate({ id: 'account.email.same', message: 'This is already your address.' })
    : translate({ id: 'account.email.invalid', message: 'That is not an e-mail address, such as ada@example.com.' });
}

// Whether the change of emails, or all mail, is off. If mail is off, the API answers 400 without a code. It gives the
// same answer for an unchanged email, but the form does not send that.
function isDisabledFailure({ code, status }: Failure): boolean {
  return code === 'CHANGE_EMAIL_DISABLED' || (code === 'UNKNOWN' && status === 400);
}
