import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router-dom';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import SignInForm from '.';

let requests: unknown[] = [];
let retryAfter: string;

// The client keeps the first `fetch` that it finds, so all tests use this one.
vi.stubGlobal('fetch', async (_: string | URL, init?: RequestInit) => {
  requests.push(JSON.parse(String(init?.body)));
  return new Response(JSON.stringify({ message: 'Too many requests. Please try again later.' }), {
    status: 429,
    headers: { 'Content-Type': 'application/json', 'X-Retry-After': retryAfter },
  });
});

beforeEach(() => {
  requests = [];
});
afterEach(cleanup);

/** Renders the form and submits it; the server answers 429. */
async function submitAndWait(seconds: number): Promise<void> {
  retryAfter = String(seconds);
  render(
    <MemoryRouter>
      <SignInForm />
    </MemoryRouter>,
  );
  await userEvent.type(screen.getByLabelText('E-mail address'), 'ada@example.com');
  await userEvent.type(screen.getByLabelText('Password'), 'a wrong password');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
  await screen.findByRole('alert');
}

it('offers a password reset when the wait is long', async () => {
  await submitAndWait(3600);
  const alert = screen.getByRole('alert');
  expect(alert.textContent).toContain('Too many tries.');
  expect(alert.textContent).toContain('You can try again in 60 min.');
  expect(alert.querySelector('a')?.getAttribute('href')).toBe('/forgot-password/');
});

it('offers no password reset when the wait is short', async () => {
  await submitAndWait(9);
  expect(screen.getByRole('alert').querySelector('a')).toBeNull();
});

it('accepts another email address at once', async () => {
  await submitAndWait(3600);
  await userEvent.click(screen.getByRole('button', { name: 'Wait 60 min' }));
  expect(requests).toHaveLength(1);
  await userEvent.clear(screen.getByLabelText('E-mail address'));
  await userEvent.type(screen.getByLabelText('E-mail address'), 'grace@example.com');
  expect(screen.queryByRole('alert')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
  await waitFor(() => expect(requests).toHaveLength(2));
  expect(requests[1]).toMatchObject({ email: 'grace@example.com' });
});
