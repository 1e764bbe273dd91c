import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router-dom';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { refreshSession } from '../../client/sessionStore';
import { type Api, sessionOf, startApi } from '../../testing/api';
import { jsonResponse } from '../../testing/profileServer';
import AccountMenu from '.';

let api: Api;

beforeEach(() => {
  api = startApi();
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

async function renderMenu(session: unknown): Promise<void> {
  api.session = session;
  await refreshSession();
  render(
    <MemoryRouter>
      <AccountMenu />
    </MemoryRouter>,
  );
}

const banner = () => screen.queryByRole('complementary', { name: 'Acting as a user' });

it('shows no bar to a person who is signed in as themselves', async () => {
  await renderMenu(sessionOf());
  expect(banner()).toBeNull();
});

it('shows a bar that ends it, and then the page of the user', async () => {
  const opened = vi.spyOn(window.location, 'assign').mockImplementation(() => {});
  await renderMenu(sessionOf({ id: 'u2', name: 'Eve', email: 'eve@example.com' }, { impersonatedBy: 'u1' }));
  expect(banner()?.textContent).toContain('You act as Eve (eve@example.com).');
  await userEvent.click(screen.getByRole('button', { name: 'Stop' }));
  await waitFor(() => expect(opened.mock.calls).toEqual([['/admin/?user=u2']]));
  expect(api.requests.map(({ path }) => path)).toEqual(['/admin/stop-impersonating']);
});

it('says what to do if it cannot be ended', async () => {
  api.answers['/admin/stop-impersonating'] = () => jsonResponse(500, { message: 'Failed to find admin session' });
  await renderMenu(sessionOf({ id: 'u2', name: 'Eve', email: 'eve@example.com' }, { impersonatedBy: 'u1' }));
  await userEvent.click(screen.getByRole('button', { name: 'Stop' }));
  await waitFor(() => expect(screen.getByText(/Sign out, and sign in to your own account/)).toBeTruthy());
});

it('links to the users only for administrators', async () => {
  await renderMenu(sessionOf({ role: 'user' }));
  await userEvent.click(screen.getByRole('button', { name: 'Account of Ada' }));
  expect(screen.queryByRole('link', { name: 'Users' })).toBeNull();
  cleanup();
  await renderMenu(sessionOf({ role: 'editor,admin' }));
  await userEvent.click(screen.getByRole('button', { name: 'Account of Ada' }));
  expect(screen.getByRole('link', { name: 'Users' }).getAttribute('href')).toBe('/admin/');
});
