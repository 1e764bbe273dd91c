import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, Route } from 'react-router-dom';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { refreshSession } from '../../client/sessionStore';
import { type Api, errorResponse, sessionOf, startApi } from '../../testing/api';
import { jsonResponse } from '../../testing/profileServer';
import MailSignInPage from '.';

let api: Api;
let url: string;

beforeEach(async () => {
  api = startApi();
  await refreshSession(); // no session, whatever the last test did
});
afterEach(cleanup);

function renderPage(search = ''): void {
  render(
    <MemoryRouter initialEntries={[`/login/mail/${search}`]}>
      <Route
        render={({ location }) => {
          url = location.pathname + location.search;
          return location.pathname === '/login/mail/' ? <MailSignInPage /> : null;
        }}
      />
    </MemoryRouter>,
  );
}

async function press(button: string): Promise<void> {
  await userEvent.click(screen.getByRole('button', { name: button }));
}

async function sendTo(email: string, button: string): Promise<void> {
  await userEvent.type(screen.getByLabelText('E-mail address'), email);
  await press(button);
}

it('mails a link that opens the next page, and back to this page if the link does not work', async () => {
  renderPage('?next=%2Fdocs%2F');
  await sendTo('ada@example.com', 'Mail me a link');
  expect(await screen.findByText(/We have sent a mail to ada@example.com/)).toBeTruthy();
  expect(screen.getByText(/within five minutes/)).toBeTruthy();
  expect(api.requests).toEqual([
    {
      path: '/sign-in/magic-link',
      body: { email: 'ada@example.com', callbackURL: '/docs/', errorCallbackURL: '/login/mail/?next=%2Fdocs%2F' },
    },
  ]);
});

it('signs in with a mailed code, without the spaces that a person typed, and opens the next page', async () => {
  renderPage('?next=%2Fdocs%2F');
  await sendTo(' ada@example.com ', 'Mail me a code');
  const code = await screen.findByLabelText('Code from the mail');
  expect(code.getAttribute('autocomplete')).toBe('one-time-code');
  expect(code.getAttribute('inputmode')).toBe('numeric');
  await userEvent.type(code, '012 345');
  api.answers['/sign-in/email-otp'] = () => {
    api.session = sessionOf();
    return jsonResponse(200, { token: 't1', user: {} });
  };
  await press('Sign in');
  await waitFor(() => expect(url).toBe('/docs/'));
  expect(api.requests).toEqual([
    { path: '/email-otp/send-verification-otp', body: { email: 'ada@example.com', type: 'sign-in' } },
    { path: '/sign-in/email-otp', body: { email: 'ada@example.com', otp: '012345' } },
  ]);
});

it.each([
  ['INVALID_OTP', 400, 'That is not the code of the newest mail.'],
  ['OTP_EXPIRED', 400, 'This code is too old.'],
  ['TOO_MANY_ATTEMPTS', 403, 'Too many wrong codes'],
])('says what to do after %s, at the field too', async (errorCode, status, words) => {
  renderPage();
  await sendTo('ada@example.com', 'Mail me a code');
  await userEvent.type(await screen.findByLabelText('Code from the mail'), '111111');
  api.answers['/sign-in/email-otp'] = () => errorResponse(status, errorCode);
  await press('Sign in');
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain(words);
  expect(document.activeElement).toBe(alert);
  expect(screen.getByLabelText('Code from the mail').getAttribute('aria-invalid')).toBe('true');
});

it('sends another code, and then neither the old code nor its error remain', async () => {
  renderPage();
  await sendTo('ada@example.com', 'Mail me a code');
  await userEvent.type(await screen.findByLabelText('Code from the mail'), '111111');
  api.answers['/sign-in/email-otp'] = () => errorResponse(400, 'OTP_EXPIRED');
  await press('Sign in');
  await screen.findByRole('alert');
  await press('Send the mail again');
  expect(await screen.findByText(/Sent again/)).toBeTruthy();
  expect(screen.queryByRole('alert')).toBeNull();
  expect(screen.getByLabelText<HTMLInputElement>('Code from the mail').value).toBe('');
});

it('keeps the email address when the person goes back', async () => {
  renderPage();
  await sendTo('ada@exmaple.com', 'Mail me a code');
  await screen.findByLabelText('Code from the mail');
  await press('Use another address');
  expect(screen.getByLabelText<HTMLInputElement>('E-mail address').value).toBe('ada@exmaple.com');
});

it('counts down after too many mails', async () => {
  api.answers['/sign-in/magic-link'] = () => jsonResponse(429, {}, { 'X-Retry-After': '42' });
  renderPage();
  await sendTo('ada@example.com', 'Mail me a link');
  expect((await screen.findByRole('alert')).textContent).toContain('You can try again in 42 s.');
  expect(screen.getAllByRole('button', { name: 'Wait 42 s' })).toHaveLength(2);
});

it('says that the email is no email', async () => {
  api.answers['/sign-in/magic-link'] = () => errorResponse(400, 'VALIDATION_ERROR');
  renderPage();
  await sendTo('ada@example', 'Mail me a link');
  expect((await screen.findByRole('alert')).textContent).toContain('That is not an e-mail address');
});

it.each([
  ['INVALID_TOKEN', 'This link was used or is too old. Get a new one.'],
  ['new_user_signup_disabled', 'There is no account with this e-mail address, and registration is closed'],
])('shows why a link did not work: %s', async (error, words) => {
  renderPage(`?next=%2Fdocs%2F&error=${error}`);
  expect((await screen.findByRole('alert')).textContent).toContain(words);
  expect(url).toBe('/login/mail/?next=%2Fdocs%2F');
});
