import { translate } from '@docusaurus/Translate';
import { fieldError } from '@xenon-auth/docusaurus-theme/internal/client/errors';
import {
  type MailMethod,
  mailMethods,
  sendSignInCode,
  sendSignInLink,
} from '@xenon-auth/docusaurus-theme/internal/client/mailSignIn';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import { useSubmit } from '@xenon-auth/docusaurus-theme/internal/client/useSubmit';
import Field, { emailInput } from '@xenon-auth/docusaurus-theme/internal/components/Field';
import FormMessage from '@xenon-auth/docusaurus-theme/internal/components/FormMessage';
import SubmitButton from '@xenon-auth/docusaurus-theme/internal/components/SubmitButton';
import { type ReactNode, useRef, useState } from 'react';
import styles from './styles.module.css';

interface Props {
  /** The initial value of the input. */
  readonly initial?: string | undefined;
  /** The page that a link opens. */
  readonly next: string;
  readonly onSent: (email: string, method: MailMethod) => void;
}

/** Asks for an email, and mails a link or a code to it, as the person chooses. */
export default function MailSignInForm({ initial = '', next, onSent }: Props): ReactNode {
  const [email, setEmail] = useState(initial);
  const [pressed, setPressed] = useState<MailMethod>();
  const chosen = useRef<MailMethod>('link');
  const { busy, failure, retryInSeconds, onSubmit, setFailure } = useSubmit(async () => {
    const method = chosen.current;
    const failed = await (method === 'link' ? sendSignInLink(email.trim(), next) : sendSignInCode(email.trim()));
    if (!failed) onSent(email.trim(), method);
    return failed;
  });
  const choose = (method: MailMethod) => {
    if (busy) return;
    chosen.current = method;
    setPressed(method);
  };
  const changeEmail = (typed: string) => {
    setEmail(typed);
    if (failure?.status === 400) setFailure(undefined);
  };
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
        onChange={changeEmail}
        error={fieldError(failure, 'email')}
      />
      <div className={styles.buttons}>
        {mailMethods.map((method, index) => (
          <SubmitButton
            key={method}
            busy={busy && pressed === method}
            retryInSeconds={retryInSeconds}
            secondary={index > 0}
            block
            onClick={() => choose(method)}
          >
            {method === 'link'
              ? translate({ id: 'theme.xenon.mailSignIn.sendLink', message: 'Mail me a link' })
              : translate({ id: 'theme.xenon.mailSignIn.sendCode', message: 'Mail me a code' })}
          </SubmitButton>
        ))}
      </div>
    </form>
  );
}
