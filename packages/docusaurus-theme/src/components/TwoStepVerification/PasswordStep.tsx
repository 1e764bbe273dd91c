import { type ReactNode, useState } from 'react';
import type { User } from '../../client/authClient';
import { fieldError } from '../../client/errors';
import type { Outcome } from '../../client/failure';
import { texts } from '../../client/texts';
import { useFocusFirstInput } from '../../client/useFocusFirstInput';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import PasswordField from '../PasswordField';
import SubmitButton from '../SubmitButton';
import Username from '../Username';
import styles from './styles.module.css';

interface Props<T> {
  readonly user: User;
  readonly intro?: string;
  readonly submit: string;
  readonly danger?: boolean;
  readonly call: (password: string) => Promise<Outcome<T>>;
  readonly onDone: (data: T) => void | Promise<void>;
  readonly onCancel: () => void;
}

/** Asks for the password and makes a call with it. It replaces the button that was pressed. */
export default function PasswordStep<T>({ user, intro, submit, danger, call, onDone, onCancel }: Props<T>): ReactNode {
  const [password, setPassword] = useState('');
  const { withReauthentication, dialog } = usePasswordDialog();
  const box = useFocusFirstInput(true);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const outcome = await withReauthentication(() => call(password));
    if (outcome.failure) return outcome.failure;
    await onDone(outcome.data);
    return undefined;
  });
  return (
    <>
      <form ref={box} onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ password: 'two-step-password' }} />
        {intro && <p>{intro}</p>}
        <Username email={user.email} />
        <PasswordField
          name="two-step-password"
          label={texts.password()}
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
          error={fieldError(failure, 'password')}
        />
        <div className={styles.actions}>
          <SubmitButton busy={busy} retryInSeconds={retryInSeconds} danger={danger ?? false}>
            {submit}
          </SubmitButton>
          <button type="button" className="button button--secondary" onClick={onCancel}>
            {texts.cancel()}
          </button>
        </div>
      </form>
      {dialog}
    </>
  );
}
