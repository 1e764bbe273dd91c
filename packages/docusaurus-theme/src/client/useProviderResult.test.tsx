import { cleanup, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { MemoryRouter, Route } from 'react-router-dom';
import { afterEach, expect, it } from 'vitest';
import { keepProvider, lastProvider } from './lastProvider';
import { useProviderResult } from './useProviderResult';

function Page(): ReactNode {
  const result = useProviderResult();
  return <p>{result ? JSON.stringify(result) : 'no result'}</p>;
}

let url = '';
const renderAt = (path: string) =>
  render(
    <MemoryRouter initialEntries={[path]}>
      <Page />
      <Route
        render={({ location }) => {
          url = location.pathname + location.search + location.hash;
          return null;
        }}
      />
    </MemoryRouter>,
  );

afterEach(cleanup);

it('reads an error, removes it from the URL, and keeps the page to return to', () => {
  keepProvider('google');
  renderAt('/login/?next=%2Fdocs%2F&provider=google&error=access_denied&error_description=No%20thanks#top');
  expect(screen.getByText('{"provider":"google","error":"access_denied"}')).toBeTruthy();
  expect(url).toBe('/login/?next=%2Fdocs%2F#top');
  expect(lastProvider()).toBeUndefined();
});

it('reads that an account was linked', () => {
  renderAt('/account/?linked=1&provider=google');
  expect(screen.getByText('{"provider":"google","error":null}')).toBeTruthy();
  expect(url).toBe('/account/');
});

it.each([
  '/login/',
  '/login/?next=%2Fdocs%2F',
  '/account/?email=link&error=INVALID_TOKEN',
  '/login/?reset=1',
])('finds no result in %s', (path) => {
  renderAt(path);
  expect(screen.getByText('no result')).toBeTruthy();
  expect(url).toBe(path);
});
