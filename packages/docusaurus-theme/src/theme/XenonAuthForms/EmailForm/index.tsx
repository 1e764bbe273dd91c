import { translate } from '@docusaurus/Translate';
import { fieldError } from '@xenon-auth/docusaurus-theme/internal/client/errors';
import type { Failure } from '@xenon-auth/docusaurus-theme/internal/client/failure';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import { useSubmit } from '@xenon-auth/docusaurus-theme/internal/client/useSubmit';
import Field, { emailInput } from '@xenon-auth/docusaurus-theme/internal/components/Field';
import FormMessage from '@xenon-auth/docusaurus-theme/internal/components/FormMessage';
import SubmitButton from '@xenon-auth/docusaurus-theme/internal/components/SubmitButton';
import { type ReactNode, useState } from 'react';

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
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const failed = await send(email.trim());
    if (!failed) onSent(email.trim());
    return failed;
  });
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ email: 'email' }} />
      <Field
        {...emailInput}
        id="email"
        name="email"
        label={texts.email()}
        autoComplete="username"
        value={email}
        onChange={setEmail}
        error={fieldError(failure, 'email')}
      />
      <SubmitButton busy={busy} retryInSeconds={retryInSeconds} block>
        {translate({ id: 'theme.xenon.mail.send', message: 'Send me a link' })}
      </SubmitButton>
    </form>
  );
}
