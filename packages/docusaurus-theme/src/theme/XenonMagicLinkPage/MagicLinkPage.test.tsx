import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { MemoryRouter, Route } from 'react-router-dom';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { refreshSession } from '../../client/sessionStore';
import { type Api, errorResponse, sessionOf, startApi } from '../../testing/api';
import { jsonResponse } from '../../testing/profileServer';
import MagicLinkPage from '.';

let api: Api;
let url: string;

beforeEach(async () => {
  api = startApi();
  await refreshSession(); // no session, whatever the last test did
});
afterEach(cleanup);

function pageAt(search: string): ReactElement {
  return (
    <MemoryRouter initialEntries={[`/magic-link/${search}`]}>
      <Route
        render={({ location }) => {
          url = location.pathname + location.search;
          return location.pathname === '/magic-link/' ? <MagicLinkPage /> : null;
        }}
      />
    </MemoryRouter>
  );
}

function renderPage(search: string): void {
  render(pageAt(search));
}

const signIn = () => userEvent.click(screen.getByRole('button', { name: 'Sign in' }));

it('signs in after a click, and not before; the token leaves the URL', async () => {
  api.answers['/magic-link/verify'] = () => {
    api.session = sessionOf();
    return jsonResponse(200, { token: 't1', user: {}, session: {} });
  };
  renderPage('?token=abc&callbackURL=%2Fdocs%2F');
  await waitFor(() => expect(url).toBe('/magic-link/'));
  expect(api.requests).toEqual([]);
  await signIn();
  await waitFor(() => expect(url).toBe('/docs/'));
  expect(api.requests).toEqual([{ path: '/magic-link/verify', body: { token: 'abc' } }]);
});

it('has no button before it has read the link, because a click would do nothing', () => {
  const html = renderToString(pageAt('?token=abc'));
  expect(html).toContain('Sign in with this link');
  expect(html).not.toContain('<button');
});

it.each(['https://evil.example/', '//evil.example', '/api/auth/sign-out'])('does not open %s', async (target) => {
  api.answers['/magic-link/verify'] = () => {
    api.session = sessionOf();
    return jsonResponse(200, { token: 't1', user: {}, session: {} });
  };
  renderPage(`?token=abc&callbackURL=${encodeURIComponent(target)}`);
  await signIn();
  await waitFor(() => expect(url).toBe('/profile/'));
});

it('opens a page of this site that the mail names with its origin', async () => {
  api.answers['/magic-link/verify'] = () => {
    api.session = sessionOf();
    return jsonResponse(200, { token: 't1', user: {}, session: {} });
  };
  renderPage(`?token=abc&callbackURL=${encodeURIComponent(`${window.location.origin}/docs/`)}`);
  await signIn();
  await waitFor(() => expect(url).toBe('/docs/'));
});

it('offers a new link when this one was used', async () => {
  api.answers['/magic-link/verify'] = () => errorResponse(400, 'INVALID_TOKEN');
  renderPage('?token=abc&callbackURL=%2Fdocs%2F');
  await signIn();
  expect((await screen.findByRole('alert')).textContent).toContain('This link was used or is too old.');
  const again = screen.getByRole('link', { name: 'Get a new link or a code' });
  expect(again.getAttribute('href')).toBe('/login/mail/?next=%2Fdocs%2F');
});

it('says that a link without a token is not complete', async () => {
  renderPage('');
  expect(await screen.findByText(/The link is not complete/)).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Sign in' })).toBeNull();
});
