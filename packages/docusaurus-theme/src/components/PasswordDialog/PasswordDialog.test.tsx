import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { MemoryRouter } from 'react-router-dom';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { refreshSession, useSession } from '../../client/sessionStore';
import { type Api, errorResponse, sessionOf, startApi } from '../../testing/api';
import { jsonResponse } from '../../testing/profileServer';
import NameForm from '../NameForm';

let api: Api;

beforeEach(async () => {
  api = startApi();
  api.session = sessionOf({ twoFactorEnabled: true });
  api.answers['/list-accounts'] = () =>
    jsonResponse(200, [{ id: 'a1', providerId: 'credential', createdAt: new Date().toISOString() }]);
  await refreshSession();
});
afterEach(cleanup);

function OfSession(): ReactNode {
  const { user } = useSession();
  return user ? <NameForm user={user} /> : <p>signed out</p>;
}

const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));

/** Saves the name; the session is too old. Enters the password; the server asks for a second factor. */
async function reachSecondFactor(): Promise<void> {
  render(
    <MemoryRouter>
      <OfSession />
    </MemoryRouter>,
  );
  api.answers['/update-user'] = () => errorResponse(403, 'SESSION_NOT_FRESH');
  await press('Save name');
  await userEvent.type(await screen.findByLabelText('Password of ada@example.com'), 'my password');
  api.answers['/sign-in/email'] = () => {
    api.session = null; // the server has cleared the cookie
    return jsonResponse(200, { twoFactorRedirect: true, twoFactorMethods: ['totp'] });
  };
  await press('Continue');
  await screen.findByRole('heading', { name: 'Second step' });
}

it('asks for the second factor too, and then makes the call again', async () => {
  await reachSecondFactor();
  expect(document.activeElement?.textContent).toBe('Second step');
  await userEvent.type(screen.getByLabelText('Code of your authenticator app'), '123456');
  api.answers['/two-factor/verify-totp'] = () => {
    api.session = sessionOf({ twoFactorEnabled: true }, { token: 't2' });
    return jsonResponse(200, { token: 't2', user: {} });
  };
  api.answers['/update-user'] = () => jsonResponse(200, { status: true });
  await press('Continue');
  expect(await screen.findByText('Saved.')).toBeTruthy();
  const calls = api.requests.filter(({ path }) => path !== '/list-accounts');
  expect(calls.map(({ path }) => path)).toEqual([
    '/update-user',
    '/sign-in/email',
    '/two-factor/verify-totp',
    '/revoke-session',
    '/update-user',
  ]);
  expect(calls[3]?.body).toEqual({ token: 't1' });
});

it('asks for the password again if the sign-in has ended', async () => {
  await reachSecondFactor();
  api.answers['/two-factor/verify-totp'] = () => errorResponse(401, 'INVALID_TWO_FACTOR_COOKIE');
  await userEvent.type(screen.getByLabelText('Code of your authenticator app'), '123456');
  await press('Continue');
  await userEvent.click(await screen.findByRole('button', { name: 'Start again' }));
  expect(document.activeElement).toBe(screen.getByLabelText('Password of ada@example.com'));
  await press('Cancel');
  await waitFor(() => expect(screen.getByText('signed out')).toBeTruthy());
});

it('shows that a person who cancels the second step is signed out', async () => {
  await reachSecondFactor();
  await press('Cancel');
  await waitFor(() => expect(screen.getByText('signed out')).toBeTruthy());
});
