import { useCallback, useLayoutEffect, useRef, useState } from 'react';
import { type Failure, offline } from '../lib/failure';

/** One submission of a form at a time, and what became of the last. */
export interface Submission {
  readonly busy: boolean;
  readonly failure: Failure | undefined;
  /** Seconds until the server takes another try; 0 when it does. */
  readonly wait: number;
  readonly onSubmit: (event: { preventDefault: () => void }) => void;
  /** Takes the failure away, or puts one there that was found before anything was sent. */
  readonly setFailure: (failure: Failure | undefined) => void;
}

/** Runs `action` when a form is submitted: never twice at once, never while the server asks to wait. It returns why it failed. */
export function useSubmit(action: () => Promise<Failure | undefined>): Submission {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const running = useRef(false);
  const wait = useCountdown(failure);
  const onSubmit = (event: { preventDefault: () => void }) => {
    event.preventDefault();
    if (running.current || wait > 0) return;
    running.current = true;
    setBusy(true);
    action()
      .catch(() => offline)
      // A copy, since the same failure once more is news again: it is shown, and focused, anew.
      .then((failed) => setFailure(failed && { ...failed }))
      .finally(() => {
        running.current = false;
        setBusy(false);
      });
  };
  return { busy, failure, wait, onSubmit, setFailure };
}

/** The seconds left of a failure's `retryAfter`, counted down on a clock that nobody sets. */
export function useCountdown(failure: Failure | undefined): number {
  const [left, setLeft] = useState(0);
  const until = useRef(0);
  const tick = useCallback(() => setLeft(Math.max(0, Math.ceil((until.current - performance.now()) / 1000))), []);
  // Before anything is painted, so that nobody sees a button that will not do anything.
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
