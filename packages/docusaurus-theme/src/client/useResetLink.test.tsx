import { act, cleanup, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { MemoryRouter, Route } from 'react-router-dom';
import { afterEach, expect, it } from 'vitest';
import { useResetLink } from './useResetLink';

function Page(): ReactNode {
  const link = useResetLink();
  return <p>{link === undefined ? 'not read' : typeof link === 'string' ? link : `token ${link.token}`}</p>;
}

let url = '';
const site = (path: string) => (
  <MemoryRouter initialEntries={[path]}>
    <Page />
    <Route
      render={({ location }) => {
        url = location.pathname + location.search;
        return null;
      }}
    />
  </MemoryRouter>
);

afterEach(cleanup);

it.each([
  ['/reset-password/?token=abc', 'token abc'],
  ['/reset-password/?error=INVALID_TOKEN', 'invalid'],
  ['/reset-password/?token=', 'none'],
  ['/reset-password/', 'none'],
])('reads %s, and removes the query from the URL', (path, want) => {
  render(site(path));
  expect(screen.getByText(want)).toBeTruthy();
  expect(url).toBe('/reset-password/');
});

it('renders the static HTML first, which was built without a query', async () => {
  const page = document.createElement('div');
  page.innerHTML = renderToString(site('/reset-password/'));
  expect(page.textContent).toBe('not read');
  const warnings: unknown[] = [];
  await act(async () => {
    hydrateRoot(page, site('/reset-password/?token=abc'), { onRecoverableError: (error) => warnings.push(error) });
  });
  expect(warnings).toEqual([]);
  expect(page.textContent).toBe('token abc');
});
