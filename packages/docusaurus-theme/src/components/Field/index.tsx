import clsx from 'clsx';
import { type ComponentProps, type ReactNode, useEffect, useId, useRef } from 'react';
import styles from './styles.module.css';

interface Props extends Omit<ComponentProps<'input'>, 'onChange'> {
  /** Password managers and error messages find the input by its name. */
  readonly name: string;
  /**
   * For the only form of a page: password managers remember the id, so it must be the same in every build. Other forms
   * have a generated one, because a page can contain several.
   */
  readonly id?: string | undefined;
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly onChange: (value: string) => void;
  /** Content at the end of the line, such as a button that shows the password. */
  readonly after?: (inputId: string) => ReactNode;
  /** Content below the line, such as a strength meter. */
  readonly children?: ReactNode;
}

/** One field of a form: a visible label, a hint, the input and its error. */
export default function Field({
  label,
  hint,
  error,
  onChange,
  after,
  children,
  className,
  ...input
}: Props): ReactNode {
  const generated = useId();
  const id = input.id ?? generated;
  const box = useRef<HTMLInputElement>(null);
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once, at hydration
  useEffect(() => {
    const typed = box.current?.value ?? '';
    // A person or a password manager can fill the input before hydration.
    if (typed !== String(input.value ?? '')) onChange(typed);
  }, []);
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {hint && (
        <div id={`${id}-hint`} className={styles.hint}>
          {hint}
        </div>
      )}
      <div className={styles.line}>
        <input
          ref={box}
          {...input}
          id={id}
          className={clsx(styles.input, className)}
          aria-invalid={error ? true : undefined}
          aria-describedby={described || undefined}
          onChange={(event) => onChange(event.target.value)}
        />
        {after?.(id)}
      </div>
      {error && (
        <p id={`${id}-error`} className={styles.error}>
          {error}
        </p>
      )}
      {children}
    </div>
  );
}

/** The properties of every input for an email address. */
export const emailInput = {
  type: 'email',
  inputMode: 'email',
  autoCapitalize: 'none',
  spellCheck: false,
  required: true,
} as const;
