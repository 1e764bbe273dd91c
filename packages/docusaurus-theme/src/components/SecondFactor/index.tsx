import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import type { Failure } from '../../client/failure';
import {
  isSignInOver,
  type SecondFactorMethod,
  sendSecondFactorCode,
  verifySecondFactor,
} from '../../client/twoFactor';
import { useFocusFirstInput } from '../../client/useFocusFirstInput';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import SubmitButton from '../SubmitButton';
import CodeForm from './CodeForm';
import styles from './styles.module.css';

interface Props {
  /** The methods that the server offers. The first is shown first. */
  readonly methods: readonly SecondFactorMethod[];
  /** Called after the server has created the session; returns the failure, if any. */
  readonly onVerified: () => Promise<Failure | undefined>;
  /** A link or a button that begins the sign-in again. Shown if this sign-in has ended. */
  readonly restart: ReactNode;
}

/** Asks for the second factor of a sign-in, with the methods that the person has. */
export default function SecondFactor({ methods, onVerified, restart }: Props): ReactNode {
  const [chosen, setChosen] = useState<SecondFactorMethod>();
  const method = chosen ?? methods[0] ?? 'totp';
  const others = methods.filter((other) => other !== method);
  const verify = async (code: string, trustDevice: boolean) =>
    (await verifySecondFactor(method, code, trustDevice)) ?? onVerified();
  return (
    <>
      {method === 'otp' ? (
        <MailedCode takesFocus={chosen !== undefined} verify={verify} restart={restart} />
      ) : (
        <CodeForm key={method} method={method} takesFocus={chosen !== undefined} verify={verify} restart={restart} />
      )}
      {others.length > 0 && (
        <ul className={styles.others}>
          {others.map((other) => (
            <li key={other}>
              <button type="button" className={styles.other} onClick={() => setChosen(other)}>
                {otherMethodText(other)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function otherMethodText(method: SecondFactorMethod): string {
  if (method === 'totp') return translate({ id: 'theme.xenon.secondFactor.useApp', message: 'Use a code of the app' });
  if (method === 'otp') return translate({ id: 'theme.xenon.secondFactor.useMail', message: 'Use a code by e-mail' });
  return translate({ id: 'theme.xenon.secondFactor.useBackup', message: 'Use a backup code' });
}

interface MailedCodeProps {
  readonly takesFocus: boolean;
  readonly verify: (code: string, trustDevice: boolean) => Promise<Failure | undefined>;
  readonly restart: ReactNode;
}

/** Mails a code after a click, and then asks for it. */
function MailedCode({ takesFocus, verify, restart }: MailedCodeProps): ReactNode {
  const [isSent, setSent] = useState(false);
  const form = useFocusFirstInput(takesFocus);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const failed = await sendSecondFactorCode();
    setSent(!failed);
    return failed;
  });
  if (isSent) return <CodeForm method="otp" takesFocus verify={verify} restart={restart} />;
  return (
    <form ref={form} onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} retryInSeconds={retryInSeconds}>
        {failure && isSignInOver(failure) && <p>{restart}</p>}
      </FormMessage>
      <p>
        {translate({
          id: 'theme.xenon.secondFactor.mail.intro',
          message: 'We can mail a code to the e-mail address of your account.',
        })}
      </p>
      <SubmitButton busy={busy} retryInSeconds={retryInSeconds} block>
        {translate({ id: 'theme.xenon.secondFactor.mail.send', message: 'Send the code' })}
      </SubmitButton>
    </form>
  );
}
