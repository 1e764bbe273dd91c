import { translate } from '@docusaurus/Translate';
import { type MouseEvent, type ReactNode, useEffect, useRef } from 'react';
import { describe, type Field } from '../../lib/errors';
import type { Failure } from '../../lib/failure';
import { inMinutes, isLong } from '../../lib/wait';
import styles from './styles.module.css';

interface Props {
  readonly failure: Failure | undefined;
  /** Ids of the form's inputs, by the field that a failure belongs to. The message links to the input. */
  readonly fields?: { readonly [F in Field]?: string };
  /** Seconds until the form can be sent again. */
  readonly wait?: number;
  /** Ways to solve the problem, such as a button that sends a mail again. */
  readonly children?: ReactNode;
}

/** Shows why the form was not accepted. The message takes the focus when it appears. */
export default function FormMessage({ failure, fields, wait = 0, children }: Props): ReactNode {
  if (!failure) return null;
  const { message, field } = describe(failure);
  const target = field && fields?.[field];
  return (
    <FormAlert problem={failure}>
      <p>
        {target ? (
          <a href={`#${target}`} onClick={(event) => focusInput(event, target)}>
            {message}
          </a>
        ) : (
          message
        )}
      </p>
      {failure.status === 429 && <Countdown wait={wait} />}
      {children}
    </FormAlert>
  );
}

interface AlertProps {
  /** The problem. A new object makes the message take the focus again. */
  readonly problem: unknown;
  readonly children: ReactNode;
}

/** An error message. It takes the focus when it appears and when `problem` changes. */
export function FormAlert({ problem, children }: AlertProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new problem makes the message take the focus
  useEffect(() => box.current?.focus(), [problem]);
  return (
    <div ref={box} role="alert" tabIndex={-1} className={styles.message}>
      {children}
    </div>
  );
}

// Moves the focus to the input, without a fragment in the URL.
function focusInput(event: MouseEvent, target: string): void {
  event.preventDefault();
  document.getElementById(target)?.focus();
}

// Screen readers announce the wait at its start, as part of the message, and at its end; not every second.
function Countdown({ wait }: { readonly wait: number }): ReactNode {
  return (
    <>
      {wait > 0 && (
        <p aria-live="off">
          {isLong(wait)
            ? translate(
                { id: 'form.waitMinutes', message: 'You can try again in {minutes} min.' },
                { minutes: inMinutes(wait) },
              )
            : translate({ id: 'form.wait', message: 'You can try again in {seconds} s.' }, { seconds: wait })}
        </p>
      )}
      <p role="status">{wait === 0 && translate({ id: 'form.waited', message: 'You can try again now.' })}</p>
    </>
  );
}

/** A success message, announced by screen readers without interrupting. */
export function FormNote({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <div role="status" className={styles.note}>
      {children}
    </div>
  );
}
