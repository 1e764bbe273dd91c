import { act, cleanup, renderHook, waitFor } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { jsonResponse } from '../testing/profileServer';
import { useSessions } from './useSessions';

const sessionRow = (token: string) => ({
  id: token,
  token,
  userId: 'u1',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: '2099-01-01T00:00:00.000Z',
});

const resolvers: Array<(response: Response) => void> = [];
vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => resolvers.push(resolve)));

afterEach(cleanup);

it('ignores the response to an earlier request', async () => {
  const { result, rerender } = renderHook(({ current }) => useSessions(current), { initialProps: { current: 'a' } });
  await waitFor(() => expect(resolvers).toHaveLength(1));
  rerender({ current: 'b' });
  await waitFor(() => expect(resolvers).toHaveLength(2));
  await act(async () => resolvers[1]?.(jsonResponse(200, [sessionRow('b')])));
  await waitFor(() => expect(result.current.rows?.map(({ token }) => token)).toEqual(['b']));
  await act(async () => resolvers[0]?.(jsonResponse(503, null)));
  await act(() => new Promise((resolve) => setTimeout(resolve)));
  expect(result.current.failure).toBeUndefined();
  expect(result.current.rows?.map(({ token }) => token)).toEqual(['b']);
});
