import { translate } from '@docusaurus/Translate';
import { fieldError } from '@xenon-auth/docusaurus-theme/internal/client/errors';
import { sendSignInCode, signInWithCode } from '@xenon-auth/docusaurus-theme/internal/client/mailSignIn';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import { useFinishSignIn } from '@xenon-auth/docusaurus-theme/internal/client/useFinishSignIn';
import { useSubmit } from '@xenon-auth/docusaurus-theme/internal/client/useSubmit';
import CodeField from '@xenon-auth/docusaurus-theme/internal/components/CodeField';
import FormMessage from '@xenon-auth/docusaurus-theme/internal/components/FormMessage';
import SendAgain from '@xenon-auth/docusaurus-theme/internal/components/SendAgain';
import SubmitButton from '@xenon-auth/docusaurus-theme/internal/components/SubmitButton';
import { type ReactNode, useState } from 'react';
import styles from './styles.module.css';

interface Props {
  /** The email to which the code was sent. */
  readonly email: string;
  /** The page to open after a second factor, if the server asks for one. */
  readonly next: string;
  /** Goes back to the form, to correct the email. */
  readonly onBack: () => void;
}

/**
 * Signs in with the code of a mail. It then fetches the session, and the parent replaces this form when useSession()
 * has the session.
 */
export default function SignInCodeForm({ email, next, onBack }: Props): ReactNode {
  const [code, setCode] = useState('');
  const finishSignIn = useFinishSignIn(next);
  const { busy, failure, retryInSeconds, onSubmit, setFailure } = useSubmit(async () => {
    const { data, failure } = await signInWithCode(email, code);
    return failure ?? finishSignIn(data);
  });
  const sendAnother = async () => {
    const failed = await sendSignInCode(email);
    if (failed) return failed;
    setCode('');
    setFailure(undefined);
    return undefined;
  };
  return (
    <div className={styles.code}>
      <p>
        {translate(
          {
            id: 'theme.xenon.mailSignIn.codeSent',
            message: 'We have sent a code with six digits to {email}. It works for five minutes.',
          },
          { email },
        )}
      </p>
      <form onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ code: 'code' }} />
        <CodeField
          id="code"
          label={translate({ id: 'theme.xenon.mailSignIn.code', message: 'Code from the mail' })}
          value={code}
          onChange={setCode}
          error={fieldError(failure, 'code')}
        />
        <SubmitButton busy={busy} retryInSeconds={retryInSeconds} block>
          {texts.signIn()}
        </SubmitButton>
      </form>
      <SendAgain send={sendAnother} />
      <button type="button" className={styles.back} onClick={onBack}>
        {texts.otherAddress()}
      </button>
    </div>
  );
}
