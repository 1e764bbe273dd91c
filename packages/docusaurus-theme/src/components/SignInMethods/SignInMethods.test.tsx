import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router-dom';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { User } from '../../client/authClient';
import { reloadAccounts } from '../../client/useAccounts';
import { reloadProviders } from '../../client/useProviders';
import { jsonResponse } from '../../testing/profileServer';
import SignInMethods from '.';

vi.mock('../../client/AuthContext', () => ({ useAuth: () => ({ state: { status: 'signed-out' } }) }));

const user = { id: 'u1', email: 'ada@example.com' } as User;
const account = (providerId: string) => ({ id: `row-${providerId}`, providerId, createdAt: new Date().toISOString() });

let providers: unknown[];
let accounts: ReturnType<typeof account>[];
let answers: Record<string, () => Response>;
let requests: unknown[];

// The client keeps the first `fetch` that it finds, so all tests use this one.
vi.stubGlobal('fetch', async (input: string | URL, init?: RequestInit) => {
  const path = new URL(String(input), 'http://localhost').pathname.replace('/api/auth', '');
  if (path === '/social-providers') return jsonResponse(200, providers);
  if (path === '/list-accounts') return jsonResponse(200, accounts);
  requests.push([path, JSON.parse(String(init?.body))]);
  return answers[path]?.();
});

beforeEach(() => {
  requests = [];
  answers = {};
  providers = [{ id: 'google', name: 'Google' }];
});
afterEach(cleanup);

async function renderMethods(...of: string[]): Promise<void> {
  accounts = of.map(account);
  await reloadProviders();
  await reloadAccounts(user.id);
  render(
    <MemoryRouter>
      <SignInMethods user={user} />
    </MemoryRouter>,
  );
}

const methodRows = () => screen.getAllByRole('listitem').map((row) => row.textContent);

it('shows nothing when there is only the password', async () => {
  providers = [];
  await renderMethods('credential');
  expect(document.body.textContent).toBe('');
});

it('lists what is linked and what can be linked', async () => {
  await renderMethods('credential');
  expect(methodRows()).toEqual(['PasswordSet today', 'GoogleNot linkedLink']);
  cleanup();
  await renderMethods('google', 'credential');
  expect(methodRows()).toEqual(['PasswordSet today', 'GoogleLinked todayRemove']);
});

it('does not offer to remove the only way to sign in', async () => {
  await renderMethods('google');
  expect(screen.queryByRole('button', { name: 'Remove Google' })).toBeNull();
  expect(screen.getByText(/You cannot remove your only way to sign in/)).toBeTruthy();
});

it('removes an account, and shows that it is removed', async () => {
  await renderMethods('google', 'credential');
  answers['/unlink-account'] = () => {
    accounts = accounts.filter(({ providerId }) => providerId !== 'google');
    return jsonResponse(200, { status: true });
  };
  await userEvent.click(screen.getByRole('button', { name: 'Remove Google' }));
  const note = await screen.findByText('Removed. You can no longer sign in with Google.');
  expect(requests).toEqual([['/unlink-account', { accountId: 'row-google' }]]);
  expect(methodRows()).toEqual(['PasswordSet today', 'GoogleNot linkedLink']);
  await waitFor(() => expect(document.activeElement).toBe(note));
});

it('explains that another tab removed the other account', async () => {
  await renderMethods('google', 'credential');
  answers['/unlink-account'] = () => {
    accounts = accounts.filter(({ providerId }) => providerId !== 'credential');
    return jsonResponse(400, { code: 'FAILED_TO_UNLINK_LAST_ACCOUNT' });
  };
  await userEvent.click(screen.getByRole('button', { name: 'Remove Google' }));
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain('This is your only way to sign in.');
  expect(methodRows()).toEqual(['GoogleLinked today']);
});

it('links an account, and sends the pages to which the API redirects', async () => {
  await renderMethods('credential');
  answers['/link-social'] = () => jsonResponse(200, { url: 'https://accounts.example/', redirect: false });
  await userEvent.click(screen.getByRole('button', { name: 'Link Google' }));
  await waitFor(() => expect(requests).toHaveLength(1));
  expect(requests).toEqual([
    [
      '/link-social',
      {
        provider: 'google',
        callbackURL: '/account/?linked=1&provider=google',
        errorCallbackURL: '/account/?provider=google',
      },
    ],
  ]);
});
