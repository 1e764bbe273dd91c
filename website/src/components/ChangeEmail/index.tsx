import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { ask } from '../../auth/client';
import { useSubmit } from '../../auth/useSubmit';
import type { User } from '../../lib/authClient';
import type { Failure } from '../../lib/failure';
import Done from '../Done';
import Field, { emailInput } from '../Field';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import Section from '../Section';
import SubmitButton from '../SubmitButton';
import Address from './Address';

// The page that the links in the mails redirect to; LinkNote shows the result.
const callbackURL = '/account/?email=link';

/** Shows the email address, verifies it and changes it. */
export default function ChangeEmail({ user }: { readonly user: User }): ReactNode {
  const [sentTo, setSentTo] = useState<string>();
  const [off, setOff] = useState(false);
  return (
    <Section id="email" title={translate({ id: 'account.email', message: 'E-mail address' })}>
      <Address user={user} />
      {off && (
        <p>{translate({ id: 'account.email.off', message: 'This site does not let people change their address.' })}</p>
      )}
      {sentTo && (
        <Done>
          <p>
            {translate(
              {
                id: 'account.email.sent',
                message:
                  'Almost done: open the link in the mail to {next}. If this site asks the old address first, the ' +
                  'first mail goes to {now} and the second to {next}. Until then {now} stays your address.',
              },
              { next: sentTo, now: user.email },
            )}
          </p>
          <button type="button" className="button button--secondary button--sm" onClick={() => setSentTo(undefined)}>
            {translate({ id: 'account.email.again', message: 'Use another address' })}
          </button>
        </Done>
      )}
      {!off && !sentTo && <Form user={user} onSent={setSentTo} onOff={() => setOff(true)} />}
    </Section>
  );
}

interface FormProps {
  readonly user: User;
  readonly onSent: (newEmail: string) => void;
  readonly onOff: () => void;
}

function Form({ user, onSent, onOff }: FormProps): ReactNode {
  const [typed, setTyped] = useState('');
  const { confirmed, dialog } = usePasswordDialog();
  const newEmail = typed.trim();
  const same = newEmail.toLowerCase() === user.email;
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    if (same) return { code: 'SAME_EMAIL', status: 0 };
    const { failure } = await confirmed(() =>
      ask((client, fetchOptions) => client.changeEmail({ newEmail, callbackURL, fetchOptions })),
    );
    if (!failure) onSent(newEmail);
    else if (isOff(failure)) onOff();
    return failure;
  });
  const error =
    failure && (failure.code === 'SAME_EMAIL' || failure.code === 'VALIDATION_ERROR') ? wrong(same) : undefined;
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

function wrong(same: boolean): string {
  return same
    ? translate({ id: 'account.email.same', message: 'This is already your address.' })
    : translate({ id: 'account.email.invalid', message: 'That is not an e-mail address, such as ada@example.com.' });
}

// Whether the feature, or all mail, is off. If mail is off, the API answers 400 without a code. It gives the same
// answer for an unchanged email, which the form checks before.
function isOff({ code, status }: Failure): boolean {
  return code === 'CHANGE_EMAIL_DISABLED' || (code === 'UNKNOWN' && status === 400);
}
