import { translate } from '@docusaurus/Translate';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { texts } from '../../client/texts';
import { useCommonPasswords } from '../../client/useCommonPasswords';
import Field from '../Field';
import Eye from './Eye';
import Rules from './Rules';
import StrengthMeter from './StrengthMeter';
import styles from './styles.module.css';

interface Props {
  readonly name: string;
  readonly id?: string | undefined;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error?: string | undefined;
  /** `current-password` to sign in; `new-password` to choose one, with the rules and a strength meter. */
  readonly autoComplete: 'current-password' | 'new-password';
  /** Texts that a person who guesses may know, such as the name and the email. */
  readonly about?: readonly string[];
  readonly autoFocus?: boolean;
}

/** A password input that accepts pasting, can show the password, and warns about caps lock. */
export default function PasswordField({ value, autoComplete, about = [], ...field }: Props): ReactNode {
  const [shown, setShown] = useState(false);
  const [capsLock, setCapsLock] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const isNew = autoComplete === 'new-password';
  const common = useCommonPasswords(isNew && value !== '');
  // Password managers send key events without getModifierState.
  const watchCapsLock = (event: KeyboardEvent) => setCapsLock(event.getModifierState?.('CapsLock') ?? false);
  // Hidden before the form is sent: browsers keep the value of text inputs, and password managers save password inputs.
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
      onKeyUp={watchCapsLock}
      onKeyDown={watchCapsLock}
      onBlur={() => setCapsLock(false)}
      hint={isNew && <Rules value={value} about={about} />}
      after={(inputId) => (
        <button
          ref={button}
          type="button"
          className={styles.show}
          aria-pressed={shown}
          aria-controls={inputId}
          aria-label={texts.showPassword()}
          title={texts.showPassword()}
          onClick={() => setShown(!shown)}
        >
          <Eye open={shown} />
        </button>
      )}
    >
      <p className={styles.note} role="status">
        {capsLock && translate({ id: 'theme.xenon.password.capsLock', message: 'Caps lock is on.' })}
      </p>
      {isNew && <StrengthMeter value={value} about={about} common={common} />}
    </Field>
  );
}
