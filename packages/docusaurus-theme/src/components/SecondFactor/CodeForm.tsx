import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { fieldError } from '../../client/errors';
import type { Failure } from '../../client/failure';
import { isSignInOver, type SecondFactorMethod, sendSecondFactorCode } from '../../client/twoFactor';
import { useFocusFirstInput } from '../../client/useFocusFirstInput';
import { useSubmit } from '../../client/useSubmit';
import Checkbox from '../Checkbox';
import CodeField from '../CodeField';
import Field from '../Field';
import FormMessage from '../FormMessage';
import SendAgain from '../SendAgain';
import SubmitButton from '../SubmitButton';

interface Props {
  readonly method: SecondFactorMethod;
  /** Whether the form replaces a button that had the focus. */
  readonly takesFocus: boolean;
  readonly verify: (code: string, trustDevice: boolean) => Promise<Failure | undefined>;
  /** Begins the sign-in again. Shown if this sign-in has ended. */
  readonly restart: ReactNode;
}

/** Asks for a code of one kind. */
export default function CodeForm({ method, takesFocus, verify, restart }: Props): ReactNode {
  const [code, setCode] = useState('');
  const [isTrusted, setTrusted] = useState(false);
  const form = useFocusFirstInput(takesFocus);
  const { busy, failure, retryInSeconds, onSubmit, setFailure } = useSubmit(() => verify(code, isTrusted));
  const sendAnother = async () => {
    const failed = await sendSecondFactorCode();
    if (failed) return failed;
    setCode('');
    setFailure(undefined);
    return undefined;
  };
  const field = { value: code, onChange: setCode, error: fieldError(failure, 'code') };
  return (
    <>
      <form ref={form} onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ code: 'code' }}>
          {failure && isSignInOver(failure) && <p>{restart}</p>}
        </FormMessage>
        {method === 'backup' ? <BackupCodeField {...field} /> : <CodeField {...labels(method)} {...field} />}
        <Checkbox name="trustDevice" checked={isTrusted} onChange={setTrusted}>
          {translate({
            id: 'theme.xenon.secondFactor.trust',
            message: 'Do not ask on this device for 30 days',
          })}
        </Checkbox>
        <SubmitButton busy={busy} retryInSeconds={retryInSeconds} block>
          {translate({ id: 'theme.xenon.secondFactor.submit', message: 'Continue' })}
        </SubmitButton>
      </form>
      {method === 'otp' && (
        <div className="margin-top--md">
          <SendAgain send={sendAnother} />
        </div>
      )}
    </>
  );
}

function labels(method: 'totp' | 'otp'): { label: string; hint: string } {
  return method === 'totp'
    ? {
        label: translate({ id: 'theme.xenon.secondFactor.app.label', message: 'Code of your authenticator app' }),
        hint: translate({
          id: 'theme.xenon.secondFactor.app.hint',
          message: 'Six digits; a new one every 30 seconds.',
        }),
      }
    : {
        label: translate({ id: 'theme.xenon.secondFactor.mail.label', message: 'Code we have mailed you' }),
        hint: translate({
          id: 'theme.xenon.secondFactor.mail.hint',
          message: 'Six digits; it works for three minutes.',
        }),
      };
}

interface BackupCodeProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
}

function BackupCodeField(props: BackupCodeProps): ReactNode {
  return (
    <Field
      {...props}
      name="code"
      type="text"
      label={translate({ id: 'theme.xenon.secondFactor.backup.label', message: 'Backup code' })}
      hint={translate({
        id: 'theme.xenon.secondFactor.backup.hint',
        message: 'One of the codes that you saved, such as aB3dE-fG7hJ. Each works once.',
      })}
      autoComplete="off"
      autoCapitalize="none"
      autoCorrect="off"
      spellCheck={false}
      required
    />
  );
}
