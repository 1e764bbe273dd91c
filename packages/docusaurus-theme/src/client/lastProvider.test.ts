import { afterEach, expect, it, vi } from 'vitest';
import { forgetProvider, keepProvider, lastProvider } from './lastProvider';

afterEach(() => {
  vi.restoreAllMocks();
  window.localStorage.clear();
});

it('keeps one provider until it is forgotten', () => {
  expect(lastProvider()).toBeUndefined();
  keepProvider('google');
  keepProvider('github');
  expect(lastProvider()).toBe('github');
  forgetProvider();
  expect(lastProvider()).toBeUndefined();
});

it('returns undefined when the browser blocks the storage', () => {
  vi.spyOn(window, 'localStorage', 'get').mockImplementation(() => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  });
  keepProvider('google');
  forgetProvider();
  expect(lastProvider()).toBeUndefined();
});
