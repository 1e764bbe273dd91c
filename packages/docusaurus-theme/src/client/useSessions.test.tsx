import { act, cleanup, renderHook, waitFor } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { json } from '../testing/profileServer';
import { useSessions } from './useSessions';

const row = (token: string) => ({
  id: token,
  token,
  userId: 'u1',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2099-01-01T00:00:00.000Z',
});

const answers: Array<(response: Response) => void> = [];
vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => answers.push(resolve)));

afterEach(cleanup);

it('ignores the response to an earlier request', async () => {
  const { result, rerender } = renderHook(({ current }) => useSessions(current), { initialProps: { current: 'a' } });
  await waitFor(() => expect(answers).toHaveLength(1));
  rerender({ current: 'b' });
  await waitFor(() => expect(answers).toHaveLength(2));
  await act(async () => answers[1]?.(json(200, [row('b')])));
  await waitFor(() => expect(result.current.rows?.map(({ token }) => token)).toEqual(['b']));
  await act(async () => answers[0]?.(json(503, null)));
  await act(() => new Promise((resolve) => setTimeout(resolve)));
  expect(result.current.failure).toBeUndefined();
  expect(result.current.rows?.map(({ token }) => token)).toEqual(['b']);
});
