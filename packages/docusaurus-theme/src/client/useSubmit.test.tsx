import { act, cleanup, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Failure, offlineFailure } from './failure';
import { useSubmit } from './useSubmit';

const event = { preventDefault: () => {} };
const limitedFailure = (retryAfter: number): Failure => ({ code: 'TOO_MANY_REQUESTS', status: 429, retryAfter });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

/** A form whose submissions the test completes with `answer`. */
function renderForm() {
  const answers: Array<(failure: Failure | undefined) => void> = [];
  const action = vi.fn(() => new Promise<Failure | undefined>((resolve) => answers.push(resolve)));
  const { result } = renderHook(() => useSubmit(action));
  return {
    action,
    now: () => result.current,
    submit: () => act(() => result.current.onSubmit(event)),
    answer: (failure?: Failure) => act(async () => answers.shift()?.(failure)),
  };
}

describe('useSubmit', () => {
  it('sends once when the button is pressed twice', async () => {
    const { action, now, submit, answer } = renderForm();
    await submit();
    await submit();
    expect(action).toHaveBeenCalledTimes(1);
    expect(now().busy).toBe(true);
    await answer();
    expect(now().busy).toBe(false);
    await submit();
    expect(action).toHaveBeenCalledTimes(2);
  });

  it('keeps the last failure until the next answer', async () => {
    const { now, submit, answer } = renderForm();
    await submit();
    await answer({ code: 'INVALID_EMAIL', status: 400 });
    expect(now().failure?.code).toBe('INVALID_EMAIL');
    await submit();
    expect(now().failure?.code).toBe('INVALID_EMAIL');
    await answer();
    expect(now().failure).toBeUndefined();
  });

  it('reports the same failure again as a new object', async () => {
    const { now, submit, answer } = renderForm();
    await submit();
    await answer(offlineFailure);
    const first = now().failure;
    await submit();
    await answer(offlineFailure);
    expect(now().failure).toEqual(first);
    expect(now().failure).not.toBe(first);
  });

  it('reports an error of the code to the browser, and does not show it as a network failure', async () => {
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const fault = new TypeError('x is undefined');
    const { result } = renderHook(() => useSubmit(() => Promise.reject(fault)));
    await act(async () => result.current.onSubmit(event));
    expect(result.current.failure).toEqual({ code: 'UNKNOWN', status: 0 });
    expect(report).toHaveBeenCalledWith(fault);
    expect(result.current.busy).toBe(false);
  });

  it('counts down, ignores submissions meanwhile, and then accepts them again', async () => {
    const { action, now, submit, answer } = renderForm();
    await submit();
    await answer(limitedFailure(3));
    expect(now().retryInSeconds).toBe(3);
    await act(() => vi.advanceTimersByTime(1500));
    expect(now().retryInSeconds).toBe(2);
    await submit();
    expect(action).toHaveBeenCalledTimes(1);
    await act(() => vi.advanceTimersByTime(1500));
    expect(now().retryInSeconds).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    await submit();
    expect(action).toHaveBeenCalledTimes(2);
  });

  it('counts down again after a second rejection', async () => {
    const { now, submit, answer } = renderForm();
    await submit();
    await answer(limitedFailure(1));
    await act(() => vi.advanceTimersByTime(1000));
    await submit();
    await answer(limitedFailure(1));
    expect(now().retryInSeconds).toBe(1);
  });

  it('waits ten seconds when the server sends no retry time', async () => {
    const { now, submit, answer } = renderForm();
    await submit();
    await answer({ code: 'TOO_MANY_REQUESTS', status: 429 });
    expect(now().retryInSeconds).toBe(10);
  });

  it('does not wait for other failures', async () => {
    const { now, submit, answer } = renderForm();
    await submit();
    await answer({ code: 'SERVICE_UNAVAILABLE', status: 503, retryAfter: 5 });
    expect(now().retryInSeconds).toBe(0);
  });

  it('does not depend on the system clock', async () => {
    const { now, submit, answer } = renderForm();
    await submit();
    await answer(limitedFailure(5));
    vi.setSystemTime(Date.now() + 3_600_000);
    await act(() => vi.advanceTimersByTime(1000));
    expect(now().retryInSeconds).toBe(4);
  });
});
