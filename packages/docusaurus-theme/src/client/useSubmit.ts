import { useCallback, useLayoutEffect, useRef, useState } from 'react';
import { type Failure, unexpectedFailure } from './failure';

/** The state of a form: at most one submission runs at a time. */
export interface Submission {
  readonly busy: boolean;
  readonly failure: Failure | undefined;
  /** Seconds until the server accepts the form again; 0 if it accepts it now. */
  readonly retryInSeconds: number;
  readonly onSubmit: (event: { preventDefault: () => void }) => void;
  /** Clears the failure, or sets one that was found before the form was sent. */
  readonly setFailure: (failure: Failure | undefined) => void;
}

/**
 * Runs `action` when a form is submitted. It ignores submissions while `action` runs, and until the wait of a 429
 * response has passed. `action` returns the failure, if any.
 */
export function useSubmit(action: () => Promise<Failure | undefined>): Submission {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const running = useRef(false);
  const retryInSeconds = useCountdown(failure);
  const onSubmit = (event: { preventDefault: () => void }) => {
    event.preventDefault();
    if (running.current || retryInSeconds > 0) return;
    running.current = true;
    setBusy(true);
    const finish = (failed: Failure | undefined) => {
      running.current = false;
      setBusy(false);
      setFailure(failed && { ...failed }); // a copy: the message of the same failure then gets the focus again
    };
    action().then(finish, (error: unknown) => {
      finish(unexpectedFailure);
      reportError(error); // a fault of the code: the browser reports it as an uncaught error
    });
  };
  return { busy, failure, retryInSeconds, onSubmit, setFailure };
}

/** The seconds left of a failure's `retryAfter`, counted down with the monotonic clock. */
export function useCountdown(failure: Failure | undefined): number {
  const [left, setLeft] = useState(0);
  const until = useRef(0);
  const tick = useCallback(() => setLeft(Math.max(0, Math.ceil((until.current - performance.now()) / 1000))), []);
  // A layout effect runs before the browser paints, so the button is never shown as enabled during the wait.
  useLayoutEffect(() => {
    until.current = performance.now() + (failure?.status === 429 ? (failure.retryAfter ?? 10) : 0) * 1000;
    tick();
    if (until.current <= performance.now()) return;
    const timer = window.setInterval(() => {
      tick();
      if (until.current <= performance.now()) window.clearInterval(timer);
    }, 250);
    return () => window.clearInterval(timer);
  }, [failure, tick]);
  return left;
}
