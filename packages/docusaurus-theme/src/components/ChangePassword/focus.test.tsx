import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router-dom';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { User } from '../../client/authClient';
import { jsonResponse } from '../../testing/profileServer';
import ChangeEmail from '../ChangeEmail';
import DeleteAccount from '../DeleteAccount';
import ChangePassword from '.';

const user = { id: 'u1', name: 'Ada', email: 'ada@example.com', emailVerified: true } as User;
let session: unknown;

vi.stubGlobal('fetch', async (input: string | URL) => {
  const path = new URL(String(input), 'http://localhost').pathname.replace('/api/auth', '');
  if (path === '/list-accounts') return jsonResponse(200, [{ id: 'a', providerId: 'credential', createdAt: '' }]);
  if (path === '/get-session') return jsonResponse(200, session);
  return jsonResponse(200, { status: true, success: true, message: 'in other words' });
});

beforeEach(() => {
  session = { user, session: { id: 's1', token: 't' } };
});
afterEach(cleanup);

const clickButton = (name: string) => userEvent.click(screen.getByRole('button', { name }));
const renderSection = (section: React.ReactNode) => render(<MemoryRouter>{section}</MemoryRouter>);

it('moves the focus to the form when the password is to be changed again', async () => {
  renderSection(<ChangePassword user={user} />);
  await userEvent.type(screen.getByLabelText('Current password'), 'correct horse');
  await userEvent.type(screen.getByLabelText('New password'), 'battery staple');
  await clickButton('Change password');
  await screen.findByText(/Your password is changed/);
  await clickButton('Change it again');
  expect(document.activeElement).toBe(screen.getByLabelText('Current password'));
});

it('moves the focus to the form when another address is wanted', async () => {
  renderSection(<ChangeEmail user={user} />);
  await userEvent.type(screen.getByLabelText('New e-mail address'), 'grace@example.com');
  await clickButton('Change address');
  await screen.findByText(/Almost done/);
  await clickButton('Use another address');
  expect(document.activeElement).toBe(screen.getByLabelText('New e-mail address'));
});

it('moves the focus back to the button when the deletion is cancelled', async () => {
  renderSection(<DeleteAccount user={user} />);
  await clickButton('Delete my account …');
  await clickButton('Cancel');
  expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Delete my account …' }));
});

it('asks the person to open a mail if the session remains after the deletion', async () => {
  renderSection(<DeleteAccount user={user} />);
  await clickButton('Delete my account …');
  await userEvent.type(screen.getByLabelText('Type ada@example.com to confirm'), 'DELETE');
  await userEvent.type(screen.getByLabelText('Password'), 'correct horse');
  await clickButton('Delete my account');
  expect(await screen.findByText(/open the link in the mail to ada@example.com/)).toBeTruthy();
});
