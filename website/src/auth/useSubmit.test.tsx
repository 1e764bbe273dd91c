import { act, cleanup, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Failure, offline } from '../lib/failure';
import { useSubmit } from './useSubmit';

const event = { preventDefault: () => {} };
const limited = (retryAfter: number): Failure => ({ code: 'TOO_MANY_REQUESTS', status: 429, retryAfter });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

/** A form whose answers the test gives by hand. */
function form() {
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
  it('sends once, however often the button is pressed', async () => {
    const { action, now, submit, answer } = form();
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
    const { now, submit, answer } = form();
    await submit();
    await answer({ code: 'INVALID_EMAIL', status: 400 });
    expect(now().failure?.code).toBe('INVALID_EMAIL');
    await submit();
    expect(now().failure?.code).toBe('INVALID_EMAIL');
    await answer();
    expect(now().failure).toBeUndefined();
  });

  it('says the same failure anew', async () => {
    const { now, submit, answer } = form();
    await submit();
    await answer(offline);
    const first = now().failure;
    await submit();
    await answer(offline);
    expect(now().failure).toEqual(first);
    expect(now().failure).not.toBe(first);
  });

  it('is offline when the action itself cannot be loaded', async () => {
    const { result } = renderHook(() => useSubmit(() => Promise.reject(new Error('no such chunk'))));
    await act(async () => result.current.onSubmit(event));
    expect(result.current.failure).toEqual(offline);
    expect(result.current.busy).toBe(false);
  });

  it('counts down, takes nothing meanwhile, and comes back by itself', async () => {
    const { action, now, submit, answer } = form();
    await submit();
    await answer(limited(3));
    expect(now().wait).toBe(3);
    await act(() => vi.advanceTimersByTime(1500));
    expect(now().wait).toBe(2);
    await submit();
    expect(action).toHaveBeenCalledTimes(1);
    await act(() => vi.advanceTimersByTime(1500));
    expect(now().wait).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    await submit();
    expect(action).toHaveBeenCalledTimes(2);
  });

  it('counts anew when it is refused again', async () => {
    const { now, submit, answer } = form();
    await submit();
    await answer(limited(1));
    await act(() => vi.advanceTimersByTime(1000));
    await submit();
    await answer(limited(1));
    expect(now().wait).toBe(1);
  });

  it('waits ten seconds when the server names no time', async () => {
    const { now, submit, answer } = form();
    await submit();
    await answer({ code: 'TOO_MANY_REQUESTS', status: 429 });
    expect(now().wait).toBe(10);
  });

  it('does not wait for other failures', async () => {
    const { now, submit, answer } = form();
    await submit();
    await answer({ code: 'SERVICE_UNAVAILABLE', status: 503, retryAfter: 5 });
    expect(now().wait).toBe(0);
  });

  it('does not trust the date', async () => {
    const { now, submit, answer } = form();
    await submit();
    await answer(limited(5));
    vi.setSystemTime(Date.now() + 3_600_000);
    await act(() => vi.advanceTimersByTime(1000));
    expect(now().wait).toBe(4);
  });
});
