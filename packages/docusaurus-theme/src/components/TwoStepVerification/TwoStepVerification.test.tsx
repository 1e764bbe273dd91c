import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { MemoryRouter } from 'react-router-dom';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { User } from '../../client/authClient';
import { refreshSession, useSession } from '../../client/sessionStore';
import { reloadAccounts } from '../../client/useAccounts';
import { type Api, errorResponse, sessionOf, startApi } from '../../testing/api';
import { jsonResponse } from '../../testing/profileServer';
import TwoStepVerification from '.';

const totpURI = 'otpauth://totp/Xenon:ada%40example.com?secret=ABCDEFGHIJ&issuer=Xenon&digits=6&period=30';
const backupCodes = ['aaaaa-bbbbb', 'ccccc-ddddd'];

let api: Api;

beforeEach(() => {
  api = startApi();
});
afterEach(cleanup);

async function renderSection(isOn: boolean, accounts = ['credential']): Promise<void> {
  api.session = sessionOf({ twoFactorEnabled: isOn });
  api.answers['/list-accounts'] = () =>
    jsonResponse(
      200,
      accounts.map((providerId) => ({ id: providerId, providerId, createdAt: new Date().toISOString() })),
    );
  await refreshSession();
  await reloadAccounts('u1');
  api.requests = [];
  render(
    <MemoryRouter>
      <OfSession />
    </MemoryRouter>,
  );
}

/** The section, for the user in the session, as on the account page. */
function OfSession(): ReactNode {
  const { user } = useSession();
  return user ? <TwoStepVerification user={user as User} /> : null;
}

const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));
async function enterPassword(button: string): Promise<void> {
  await userEvent.type(screen.getByLabelText('Password'), 'my password');
  await press(button);
}

it('sets up an app with a QR code or a secret, and shows the backup codes after the first code', async () => {
  await renderSection(false);
  expect(screen.getByText('Off')).toBeTruthy();
  await press('Set up …');
  expect(document.activeElement).toBe(screen.getByLabelText('Password'));
  api.answers['/two-factor/enable'] = () => jsonResponse(200, { method: 'totp', totpURI, backupCodes });
  await enterPassword('Continue');
  expect(await screen.findByRole('img', { name: 'QR code for your authenticator app' })).toBeTruthy();
  expect(screen.getByText('ABCD EFGH IJ')).toBeTruthy();
  expect(document.activeElement?.textContent).toContain('Scan this picture');
  expect(screen.queryByText('aaaaa-bbbbb')).toBeNull();
  await userEvent.type(screen.getByLabelText('Code that the app shows'), '123456');
  api.answers['/two-factor/verify-totp'] = () => {
    api.session = sessionOf({ twoFactorEnabled: true }, { token: 't2' });
    return jsonResponse(200, { token: 't1', user: {} });
  };
  await press('Turn it on');
  expect(await screen.findByText('aaaaa-bbbbb')).toBeTruthy();
  expect(document.activeElement?.textContent).toContain('Save these backup codes now');
  await press('I have saved them');
  expect(await screen.findByText('On')).toBeTruthy();
  expect(document.activeElement?.textContent).toBe('New backup codes …');
  expect(api.requests).toEqual([
    { path: '/two-factor/enable', body: { password: 'my password' } },
    { path: '/two-factor/verify-totp', body: { code: '123456' } },
  ]);
});

it('copies the backup codes', async () => {
  const copied = vi.fn(async (_: string) => {});
  vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(copied);
  await renderSection(true);
  await press('New backup codes …');
  api.answers['/two-factor/generate-backup-codes'] = () => jsonResponse(200, { status: true, backupCodes });
  await enterPassword('Make new codes');
  await screen.findByText('aaaaa-bbbbb');
  vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(copied);
  await press('Copy');
  expect(await screen.findByText('Copied.')).toBeTruthy();
  expect(copied.mock.calls).toEqual([['aaaaa-bbbbb\nccccc-ddddd']]);
});

it('turns it off with the password', async () => {
  await renderSection(true);
  await press('Turn off …');
  api.answers['/two-factor/disable'] = () => {
    api.session = sessionOf({ twoFactorEnabled: false }, { token: 't2' });
    return jsonResponse(200, { status: true });
  };
  await enterPassword('Turn it off');
  expect(await screen.findByText('Off')).toBeTruthy();
  expect(api.requests).toEqual([{ path: '/two-factor/disable', body: { password: 'my password' } }]);
});

it('says that the password or the first code is wrong, and stays at the step', async () => {
  await renderSection(false);
  await press('Set up …');
  api.answers['/two-factor/enable'] = () => errorResponse(400, 'INVALID_PASSWORD');
  await enterPassword('Continue');
  expect((await screen.findByRole('alert')).textContent).toContain('That is not your password.');
  api.answers['/two-factor/enable'] = () => jsonResponse(200, { method: 'totp', totpURI, backupCodes });
  await press('Continue');
  await userEvent.type(await screen.findByLabelText('Code that the app shows'), '111111');
  api.answers['/two-factor/verify-totp'] = () => errorResponse(401, 'INVALID_CODE');
  await press('Turn it on');
  expect((await screen.findByRole('alert')).textContent).toContain('That is not the code.');
  expect(screen.getByText('ABCD EFGH IJ')).toBeTruthy();
});

it('returns the focus to the button after Cancel', async () => {
  await renderSection(false);
  await press('Set up …');
  await press('Cancel');
  expect(document.activeElement?.textContent).toBe('Set up …');
});

it('needs a password first', async () => {
  await renderSection(false, ['google']);
  const link = await screen.findByRole('link', { name: 'Set a password first' });
  expect(link.getAttribute('href')).toBe('/account/#password');
  expect(screen.queryByRole('button', { name: 'Set up …' })).toBeNull();
});

it('says that it was turned off in the meantime', async () => {
  await renderSection(true);
  await press('New backup codes …');
  api.answers['/two-factor/generate-backup-codes'] = () => errorResponse(400, 'TWO_FACTOR_NOT_ENABLED');
  await enterPassword('Make new codes');
  await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('It was turned off in the meantime.'));
});
