import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepProvider, lastProvider } from '../../client/lastProvider';
import { reloadProviders } from '../../client/useProviders';
import { jsonResponse } from '../../testing/profileServer';
import ProviderButtons from '.';

const twoProviders = [
  { id: 'google', name: 'Google' },
  { id: 'work', name: 'Example Ltd' },
];
let providers: () => Response | Promise<Response>;
let signIn: () => Response | Promise<Response>;
let requests: unknown[] = [];

// The client keeps the first `fetch` that it finds, so all tests use this one.
vi.stubGlobal('fetch', async (input: string | URL, init?: RequestInit) => {
  if (String(input) === '/api/auth/social-providers') return providers();
  requests.push(JSON.parse(String(init?.body)));
  return signIn();
});

beforeEach(() => {
  requests = [];
  window.localStorage.clear();
});
afterEach(cleanup);

/** Renders the buttons of /login/ with the server's answer to the list. */
async function renderButtons(answer: () => Response | Promise<Response>, next = '/docs/'): Promise<void> {
  providers = answer;
  await reloadProviders(); // replaces the list of the previous test
  render(<ProviderButtons start="login" next={next} />);
}

it('shows a button for each provider, in the order of the server', async () => {
  await renderButtons(() => jsonResponse(200, twoProviders));
  const names = screen.getAllByRole('button').map((button) => button.textContent);
  expect(names).toEqual(['Sign in with Google', 'Sign in with Example Ltd']);
});

it.each([
  ['no providers', () => jsonResponse(200, [])],
  ['a server without social sign-in', () => jsonResponse(404, null)],
  ['an HTML page instead of an API', () => new Response('<!doctype html><title>Site</title>')],
])('shows nothing for %s', async (_, answer) => {
  await renderButtons(answer);
  expect(document.body.textContent).toBe('');
});

it('loads the list again after a network error', async () => {
  await renderButtons(() => Promise.reject(new TypeError('Failed to fetch')));
  providers = () => jsonResponse(200, twoProviders);
  await userEvent.click(await screen.findByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('button', { name: 'Sign in with Google' })).toBeTruthy();
});

it('sends the provider, and the pages to which the API redirects', async () => {
  await renderButtons(() => jsonResponse(200, twoProviders));
  signIn = () => new Promise(() => {});
  await userEvent.click(screen.getByRole('button', { name: 'Sign in with Google' }));
  const pressed = screen.getByRole('button', { name: 'One moment …' });
  expect(pressed.getAttribute('aria-busy')).toBe('true');
  await userEvent.click(pressed);
  await userEvent.click(screen.getByRole('button', { name: 'Sign in with Example Ltd' }));
  await waitFor(() => expect(requests).toHaveLength(1));
  expect(requests).toEqual([
    {
      provider: 'google',
      callbackURL: '/docs/',
      newUserCallbackURL: '/docs/',
      errorCallbackURL: '/login/?next=%2Fdocs%2F&provider=google',
    },
  ]);
  expect(lastProvider()).toBe('google');
});

it('sends new users to the welcome page if there is no other page to return to', async () => {
  await renderButtons(() => jsonResponse(200, twoProviders), '/profile/');
  signIn = () => new Promise(() => {});
  await userEvent.click(screen.getByRole('button', { name: 'Sign in with Google' }));
  await waitFor(() => expect(requests).toHaveLength(1));
  expect(requests[0]).toMatchObject({
    callbackURL: '/profile/',
    newUserCallbackURL: '/profile/?new=1',
    errorCallbackURL: '/login/?provider=google',
  });
});

it('marks the provider that was used last on this device', async () => {
  keepProvider('work');
  await renderButtons(() => jsonResponse(200, twoProviders));
  expect(screen.getAllByRole('button').map((button) => button.textContent)).toEqual([
    'Sign in with Google',
    'Sign in with Example LtdLast used',
  ]);
});

it.each([
  [429, { 'x-retry-after': '7' }, 'Too many tries. Please wait.You can try again in 7 s.'],
  [503, {}, 'The server is busy or starting. Nothing is lost: try again.'],
])('shows a failure with status %d, and does not mark the provider as last used', async (status, headers, text) => {
  await renderButtons(() => jsonResponse(200, twoProviders));
  signIn = () => jsonResponse(status, {}, headers as Record<string, string>);
  await userEvent.click(screen.getByRole('button', { name: 'Sign in with Google' }));
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toBe(text);
  expect(document.activeElement).toBe(alert);
  expect(lastProvider()).toBeUndefined();
  const disabled = screen.getByRole('button', { name: 'Sign in with Google' }).getAttribute('aria-disabled');
  expect(disabled).toBe(String(status === 429));
});
