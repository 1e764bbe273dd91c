import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import type { User } from '../../client/authClient';
import { callAuth } from '../../client/callAuth';
import type { Failure } from '../../client/failure';
import { callbackUrl, paths, site } from '../../client/site';
import { useFocusFirstInput } from '../../client/useFocusFirstInput';
import { useSubmit } from '../../client/useSubmit';
import Field, { emailInput } from '../Field';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import Section from '../Section';
import SubmitButton from '../SubmitButton';
import SuccessNotice from '../SuccessNotice';
import CurrentEmail from './CurrentEmail';

// The page that the links in the mails redirect to; LinkNote shows the result.
const emailLinkPage = `${paths.account}?email=link`;

/** Shows the email address, verifies it and changes it. */
export default function ChangeEmail({ user }: { readonly user: User }): ReactNode {
  const [sentTo, setSentTo] = useState<string>();
  const [isAgain, setAgain] = useState(false);
  const [isDisabled, setDisabled] = useState(!site.changeEmail);
  return (
    <Section id="email" title={translate({ id: 'theme.xenon.account.email', message: 'E-mail address' })}>
      <CurrentEmail user={user} />
      {isDisabled && (
        <p>
          {translate({
            id: 'theme.xenon.account.email.off',
            message: 'You cannot change your e-mail address on this site.',
          })}
        </p>
      )}
      {sentTo && (
        <SuccessNotice>
          <p>
            {translate(
              {
                id: 'theme.xenon.account.email.sent',
                message:
                  'Almost done: open the link in the mail to {next}. On some sites you first get a mail to {now}, and the ' +
                  'mail to {next} after you opened its link. Until then {now} stays your address.',
              },
              { next: sentTo, now: user.email },
            )}
          </p>
          <button
            type="button"
            className="button button--secondary button--sm"
            onClick={() => {
              setAgain(true);
              setSentTo(undefined);
            }}
          >
            {translate({ id: 'theme.xenon.account.email.again', message: 'Use another address' })}
          </button>
        </SuccessNotice>
      )}
      {!isDisabled && !sentTo && (
        <ChangeEmailForm user={user} takesFocus={isAgain} onSent={setSentTo} onDisabled={() => setDisabled(true)} />
      )}
    </Section>
  );
}

interface FormProps {
  readonly user: User;
  /** Whether the form replaces the button that had the focus. */
  readonly takesFocus: boolean;
  readonly onSent: (newEmail: string) => void;
  readonly onDisabled: () => void;
}

function ChangeEmailForm({ user, takesFocus, onSent, onDisabled }: FormProps): ReactNode {
  const box = useFocusFirstInput(takesFocus);
  const [typed, setTyped] = useState('');
  const { withReauthentication, dialog } = usePasswordDialog();
  const newEmail = typed.trim();
  const same = newEmail.toLowerCase() === user.email;
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    if (same) return { code: 'SAME_EMAIL', status: 0 };
    const { failure } = await withReauthentication(() =>
      callAuth((client, fetchOptions) =>
        client.changeEmail({ newEmail, callbackURL: callbackUrl(emailLinkPage), fetchOptions }),
      ),
    );
    if (!failure) onSent(newEmail);
    else if (isDisabledFailure(failure)) onDisabled();
    return failure;
  });
  const error =
    failure && (failure.code === 'SAME_EMAIL' || failure.code === 'VALIDATION_ERROR') ? errorText(same) : undefined;
  return (
    <>
      <form ref={box} onSubmit={onSubmit} method="post">
        {!error && <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ email: 'new-email' }} />}
        <Field
          {...emailInput}
          name="new-email"
          label={translate({ id: 'theme.xenon.account.email.new', message: 'New e-mail address' })}
          hint={translate({
            id: 'theme.xenon.account.email.hint',
            message: 'We send a link there. The address changes when you open it. We also notify your old address.',
          })}
          autoComplete="email"
          value={typed}
          onChange={setTyped}
          error={error}
        />
        <SubmitButton busy={busy} retryInSeconds={retryInSeconds}>
          {translate({ id: 'theme.xenon.account.email.submit', message: 'Change address' })}
        </SubmitButton>
      </form>
      {dialog}
    </>
  );
}

function errorText(same: boolean): string {
  return same
    ? translate({ id: 'theme.xenon.account.email.same', message: 'This is already your address.' })
    : translate({
        id: 'theme.xenon.account.email.invalid',
        message: 'That is not an e-mail address, such as ada@example.com.',
      });
}

// Whether the change of emails, or all mail, is off. If mail is off, the API answers 400 without a code. It gives the
// same answer for an unchanged email, but the form does not send that.
function isDisabledFailure({ code, status }: Failure): boolean {
  return code === 'CHANGE_EMAIL_DISABLED' || (code === 'UNKNOWN' && status === 400);
}
