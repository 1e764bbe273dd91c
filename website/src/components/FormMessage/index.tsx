import { translate } from '@docusaurus/Translate';
import { type MouseEvent, type ReactNode, useEffect, useRef } from 'react';
import { describe, type Field } from '../../lib/errors';
import type { Failure } from '../../lib/failure';
import { inMinutes, isLong } from '../../lib/wait';
import styles from './styles.module.css';

interface Props {
  readonly failure: Failure | undefined;
  /** Ids of the form's inputs by what a failure can be about, to lead there. */
  readonly fields?: { readonly [F in Field]?: string };
  /** Seconds left before another try. */
  readonly wait?: number;
  /** What can be done about it, such as a button that sends a mail again. */
  readonly children?: ReactNode;
}

/** Why the form was not taken. It is announced and focused once, when it appears. */
export default function FormMessage({ failure, fields, wait = 0, children }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (failure) box.current?.focus();
  }, [failure]);
  if (!failure) return null;
  const { message, field } = describe(failure);
  const target = field && fields?.[field];
  return (
    <div ref={box} role="alert" tabIndex={-1} className={styles.message}>
      <p>
        {target ? (
          <a href={`#${target}`} onClick={(event) => lead(event, target)}>
            {message}
          </a>
        ) : (
          message
        )}
      </p>
      {failure.status === 429 && <Countdown wait={wait} />}
      {children}
    </div>
  );
}

// To the input itself, not to an address that ends in its name.
function lead(event: MouseEvent, target: string): void {
  event.preventDefault();
  document.getElementById(target)?.focus();
}

// Read out when it begins, as part of the message, and when it is over; not every second.
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

/** Something that went well, announced politely. */
export function FormNote({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <div role="status" className={styles.note}>
      {children}
    </div>
  );
}
