import { translate } from '@docusaurus/Translate';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import Field from '../Field';
import Advice from './Advice';
import Eye from './Eye';
import Rules from './Rules';
import styles from './styles.module.css';

interface Props {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error?: string | undefined;
  /** `current-password` to sign in, `new-password` to choose one: then the rules and a meter are shown. */
  readonly autoComplete: 'current-password' | 'new-password';
  /** What others know of the person, for the meter. */
  readonly about?: readonly string[];
  readonly autoFocus?: boolean;
}

/** A password: can be pasted, can be shown, and says when caps lock is on. */
export default function PasswordField({ value, autoComplete, about = [], ...field }: Props): ReactNode {
  const [shown, setShown] = useState(false);
  const [capsLock, setCapsLock] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const isNew = autoComplete === 'new-password';
  // A key that a password manager presses is an event without a keyboard.
  const watch = (event: KeyboardEvent) => setCapsLock(event.getModifierState?.('CapsLock') ?? false);
  // Browsers remember what was typed as text, and managers look for a password.
  useEffect(() => {
    const form = button.current?.form;
    const hide = () => setShown(false);
    form?.addEventListener('submit', hide);
    return () => form?.removeEventListener('submit', hide);
  }, []);
  return (
    <Field
      {...field}
      type={shown ? 'text' : 'password'}
      value={value}
      autoComplete={autoComplete}
      autoCapitalize="none"
      autoCorrect="off"
      spellCheck={false}
      required
      className={styles.input}
      onKeyUp={watch}
      onKeyDown={watch}
      onBlur={() => setCapsLock(false)}
      hint={isNew && <Rules value={value} about={about} />}
      after={
        <button
          ref={button}
          type="button"
          className={styles.show}
          aria-pressed={shown}
          aria-controls={field.id}
          aria-label={translate({ id: 'password.show', message: 'Show password' })}
          title={translate({ id: 'password.show', message: 'Show password' })}
          onClick={() => setShown(!shown)}
        >
          <Eye open={shown} />
        </button>
      }
    >
      <p className={styles.note} role="status">
        {capsLock && translate({ id: 'password.capsLock', message: 'Caps lock is on.' })}
      </p>
      {isNew && <Advice value={value} about={about} />}
    </Field>
  );
}
