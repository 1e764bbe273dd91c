import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, Route } from 'react-router-dom';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { refreshSession } from '../../client/sessionStore';
import { type Api, errorResponse, sessionOf, startApi } from '../../testing/api';
import { jsonResponse } from '../../testing/profileServer';
import SignInForm from '../XenonAuthForms/SignInForm';
import TwoFactorPage from '.';

let api: Api;
let url: string;

beforeEach(async () => {
  api = startApi();
  await refreshSession(); // no session, whatever the last test did
});
afterEach(cleanup);

function renderAt(start: string): void {
  render(
    <MemoryRouter initialEntries={[start]}>
      <Route
        render={({ location }) => {
          url = location.pathname + location.search;
          if (location.pathname === '/login/') return <SignInForm isPage next="/docs/" />;
          return location.pathname === '/two-factor/' ? <TwoFactorPage /> : null;
        }}
      />
    </MemoryRouter>,
  );
}

const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));
const buttons = () => screen.getAllByRole('button').map((button) => button.textContent);
const signedIn = () => {
  api.session = sessionOf();
  return jsonResponse(200, { token: 't1', user: {} });
};

it('follows the password if the server asks for a second factor, and then opens the next page', async () => {
  api.answers['/sign-in/email'] = () =>
    jsonResponse(200, { twoFactorRedirect: true, twoFactorMethods: ['totp', 'otp'] });
  api.answers['/two-factor/verify-totp'] = signedIn;
  renderAt('/login/');
  await userEvent.type(screen.getByLabelText('E-mail address'), 'ada@example.com');
  await userEvent.type(screen.getByLabelText('Password'), 'the right password');
  await press('Sign in');
  await waitFor(() => expect(url).toBe('/two-factor/?next=%2Fdocs%2F&methods=totp,otp'));
  const code = screen.getByLabelText('Code of your authenticator app');
  expect(code.getAttribute('autocomplete')).toBe('one-time-code');
  await userEvent.type(code, '123 456');
  await userEvent.click(screen.getByLabelText('Do not ask on this device for 30 days'));
  await press('Continue');
  await waitFor(() => expect(url).toBe('/docs/'));
  expect(api.requests.at(-1)).toEqual({
    path: '/two-factor/verify-totp',
    body: { code: '123456', trustDevice: true },
  });
});

it('mails a code after a click, and moves the focus to its input', async () => {
  api.answers['/two-factor/verify-otp'] = signedIn;
  renderAt('/two-factor/?methods=totp,otp');
  await press('Use a code by e-mail');
  expect(document.activeElement?.textContent).toBe('Send the code');
  expect(api.requests).toEqual([]);
  await press('Send the code');
  const code = await screen.findByLabelText('Code we have mailed you');
  expect(document.activeElement).toBe(code);
  await userEvent.type(code, '123456');
  await press('Continue');
  await waitFor(() => expect(url).toBe('/profile/'));
  expect(api.requests.map(({ path }) => path)).toEqual(['/two-factor/send-otp', '/two-factor/verify-otp']);
});

it('accepts a backup code, whose letters it does not change', async () => {
  api.answers['/two-factor/verify-backup-code'] = signedIn;
  renderAt('/two-factor/?methods=totp');
  await press('Use a backup code');
  const code = screen.getByLabelText('Backup code');
  expect(document.activeElement).toBe(code);
  await userEvent.type(code, ' aB3dE-fG7hJ ');
  await press('Continue');
  await waitFor(() => expect(url).toBe('/profile/'));
  expect(api.requests[0]?.body).toEqual({ code: 'aB3dE-fG7hJ', trustDevice: false });
});

it.each([
  ['totp,otp', ['Continue', 'Use a code by e-mail', 'Use a backup code']],
  ['totp', ['Continue', 'Use a backup code']],
  ['otp', ['Send the code']],
  ['', ['Continue', 'Use a code by e-mail', 'Use a backup code']],
])('with the methods "%s", offers %j', (methods, expected) => {
  renderAt(`/two-factor/?methods=${methods}`);
  expect(buttons()).toEqual(expected);
});

it.each([
  ['INVALID_CODE', 401, 'That is not the code.', false],
  ['ACCOUNT_TEMPORARILY_LOCKED', 429, 'No code of this account is accepted for up to 15 minutes.', false],
  ['INVALID_TWO_FACTOR_COOKIE', 401, 'This sign-in is over', true],
  ['TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE', 400, 'For your safety, start the sign-in again.', true],
])('explains %s', async (errorCode, status, words, startsAgain) => {
  api.answers['/two-factor/verify-totp'] = () => errorResponse(status, errorCode);
  renderAt('/two-factor/?methods=totp');
  await userEvent.type(screen.getByLabelText('Code of your authenticator app'), '111111');
  await press('Continue');
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain(words);
  expect(alert.textContent).not.toContain('You can try again in');
  expect(screen.queryByRole('link', { name: 'Start again' }) !== null).toBe(startsAgain);
});

it('starts again with the same next page', async () => {
  api.answers['/two-factor/verify-totp'] = () => errorResponse(401, 'INVALID_TWO_FACTOR_COOKIE');
  renderAt('/two-factor/?next=%2Fdocs%2F&methods=totp');
  await userEvent.type(screen.getByLabelText('Code of your authenticator app'), '111111');
  await press('Continue');
  const link = await screen.findByRole('link', { name: 'Start again' });
  expect(link.getAttribute('href')).toBe('/login/?next=%2Fdocs%2F');
});

it('after too many mailed codes, asks for a new code, not for a new sign-in', async () => {
  api.answers['/two-factor/verify-otp'] = () => errorResponse(400, 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE');
  renderAt('/two-factor/?methods=otp');
  await press('Send the code');
  await userEvent.type(await screen.findByLabelText('Code we have mailed you'), '111111');
  await press('Continue');
  expect((await screen.findByRole('alert')).textContent).toContain('Send a new one.');
  await press('Send the mail again');
  expect(await screen.findByText(/Sent again/)).toBeTruthy();
  expect(screen.queryByRole('alert')).toBeNull();
});

it('says how long to wait after too many requests', async () => {
  api.answers['/two-factor/verify-totp'] = () => jsonResponse(429, {}, { 'X-Retry-After': '8' });
  renderAt('/two-factor/?methods=totp');
  await userEvent.type(screen.getByLabelText('Code of your authenticator app'), '111111');
  await press('Continue');
  expect((await screen.findByRole('alert')).textContent).toContain('You can try again in 8 s.');
});
