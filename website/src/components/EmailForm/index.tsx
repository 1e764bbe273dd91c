import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { useSubmit } from '../../auth/useSubmit';
import { fieldError } from '../../lib/errors';
import type { Failure } from '../../lib/failure';
import Field, { emailInput } from '../Field';
import FormMessage from '../FormMessage';
import SubmitButton from '../SubmitButton';

interface Props {
  /** The initial value of the input. */
  readonly initial?: string | undefined;
  /** Sends a mail to this email; returns the failure, if any. */
  readonly send: (email: string) => Promise<Failure | undefined>;
  readonly onSent: (email: string) => void;
}

/** A form that asks for an email and sends a link to it. */
export default function EmailForm({ initial = '', send, onSent }: Props): ReactNode {
  const [email, setEmail] = useState(initial);
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    const failed = await send(email.trim());
    if (!failed) onSent(email.trim());
    return failed;
  });
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} wait={wait} fields={{ email: 'email' }} />
      <Field
        {...emailInput}
        id="email"
        label={translate({ id: 'form.email', message: 'E-mail address' })}
        autoComplete="username"
        value={email}
        onChange={setEmail}
        error={fieldError(failure, 'email')}
      />
      <SubmitButton busy={busy} wait={wait} block>
        {translate({ id: 'mail.send', message: 'Send me a link' })}
      </SubmitButton>
    </form>
  );
}
