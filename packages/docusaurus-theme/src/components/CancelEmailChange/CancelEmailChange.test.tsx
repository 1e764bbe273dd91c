import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { MemoryRouter } from 'react-router-dom';
import { afterEach, expect, it, vi } from 'vitest';
import CancelEmailChange from '.';

let requests: { url: string; body: unknown }[] = [];
let reply: { status: number; body: unknown };

// The client keeps the first `fetch` that it finds, so all tests use this one.
vi.stubGlobal('fetch', async (url: string | URL, init?: RequestInit) => {
  requests.push({ url: String(url), body: JSON.parse(String(init?.body)) });
  return new Response(JSON.stringify(reply.body), {
    status: reply.status,
    headers: { 'Content-Type': 'application/json' },
  });
});

afterEach(cleanup);

/** Makes the server answer every request with this status and body. */
function answerWith(status: number, body: unknown): void {
  requests = [];
  reply = { status, body };
}

const renderPage = () =>
  render(
    <MemoryRouter>
      <CancelEmailChange token="abc" />
    </MemoryRouter>,
  );

it('sends the token only after the button is pressed', async () => {
  answerWith(200, { status: true });
  renderPage();
  expect(requests).toEqual([]);
  fireEvent.click(screen.getByRole('button', { name: 'Stop the change' }));
  expect(await screen.findByText(/The change is stopped/)).toBeTruthy();
  expect(requests.map(({ url, body }) => [new URL(url, 'http://localhost').pathname, body])).toEqual([
    ['/api/auth/cancel-email-change', { token: 'abc' }],
  ]);
  expect(screen.getByRole('link', { name: 'Choose a new password' }).getAttribute('href')).toBe('/forgot-password/');
});

it('explains what to do when the token is invalid', async () => {
  answerWith(400, { message: 'Invalid token', code: 'INVALID_TOKEN' });
  renderPage();
  fireEvent.click(screen.getByRole('button'));
  expect(await screen.findByText(/nothing to stop any more.+write to support/)).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Choose a new password' })).toBeTruthy();
});

it('shows an error and the button again when the server is unavailable', async () => {
  answerWith(503, { message: 'Service temporarily unavailable', code: 'SERVICE_UNAVAILABLE' });
  renderPage();
  fireEvent.click(screen.getByRole('button'));
  expect(await screen.findByRole('alert')).toBeTruthy();
  await waitFor(() => expect(screen.getByRole('button', { name: 'Stop the change' })).toBeTruthy());
});
