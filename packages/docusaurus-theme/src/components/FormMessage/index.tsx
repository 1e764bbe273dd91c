import { translate } from '@docusaurus/Translate';
import { type MouseEvent, type ReactNode, useEffect, useRef } from 'react';
import { describeFailure, type Field } from '../../client/errors';
import type { Failure } from '../../client/failure';
import { isLongWait, roundUpToMinutes } from '../../client/wait';
import styles from './styles.module.css';

interface Props {
  readonly failure: Failure | undefined;
  /** Names of the form's inputs, by the field that a failure is about. The message links to the input. */
  readonly fields?: { readonly [F in Field]?: string };
  /** Seconds until the form can be sent again. */
  readonly retryInSeconds?: number;
  /** Ways to solve the problem, such as a button that sends a mail again. */
  readonly children?: ReactNode;
}

/** Shows why the form was not accepted. The message takes the focus when it appears. */
export default function FormMessage({ failure, fields, retryInSeconds = 0, children }: Props): ReactNode {
  if (!failure) return null;
  const { message, field } = describeFailure(failure);
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
      {failure.status === 429 && <Countdown retryInSeconds={retryInSeconds} />}
      {children}
    </FormAlert>
  );
}

interface AlertProps {
  /** The problem. A new object makes the message take the focus again. */
  readonly problem: unknown;
  readonly children: ReactNode;
}

/**
 * An error message. It takes the focus when it appears and when `problem` changes. Screen readers read it because of
 * the focus, so it is not a live region too, which would make them read it twice.
 */
export function FormAlert({ problem, children }: AlertProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new problem makes the message take the focus
  useEffect(() => box.current?.focus(), [problem]);
  return (
    <div ref={box} role="alert" aria-live="off" tabIndex={-1} className={styles.message}>
      {children}
    </div>
  );
}

// Moves the focus to the input, without a fragment in the URL.
function focusInput(event: MouseEvent<HTMLAnchorElement>, target: string): void {
  event.preventDefault();
  const input = event.currentTarget.closest('form')?.elements.namedItem(target);
  if (input instanceof HTMLElement) input.focus();
}

// Screen readers announce the wait at its start, as part of the message, and at its end; not every second.
function Countdown({ retryInSeconds }: { readonly retryInSeconds: number }): ReactNode {
  return (
    <>
      {retryInSeconds > 0 && (
        <p aria-live="off">
          {isLongWait(retryInSeconds)
            ? translate(
                { id: 'theme.xenon.form.waitMinutes', message: 'You can try again in {minutes} min.' },
                { minutes: roundUpToMinutes(retryInSeconds) },
              )
            : translate(
                { id: 'theme.xenon.form.wait', message: 'You can try again in {seconds} s.' },
                { seconds: retryInSeconds },
              )}
        </p>
      )}
      <p role="status">
        {retryInSeconds === 0 && translate({ id: 'theme.xenon.form.waited', message: 'You can try again now.' })}
      </p>
    </>
  );
}

interface NoteProps {
  /** Whether screen readers announce the note. Not if it is in an element that takes the focus. */
  readonly isLive?: boolean;
  readonly children: ReactNode;
}

/** A success message, announced by screen readers without interrupting. */
export function FormNote({ isLive = true, children }: NoteProps): ReactNode {
  return (
    <div role="status" aria-live={isLive ? undefined : 'off'} className={styles.note}>
      {children}
    </div>
  );
}
