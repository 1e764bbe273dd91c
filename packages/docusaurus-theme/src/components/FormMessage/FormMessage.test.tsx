import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';
import type { Failure } from '../../client/failure';
import FormMessage from '.';

const tooShort: Failure = { code: 'PASSWORD_TOO_SHORT', status: 400 };
const limited: Failure = { code: 'TOO_MANY_REQUESTS', status: 429, retryAfter: 9 };

afterEach(cleanup);

it('renders nothing without a failure', () => {
  const { container } = render(<FormMessage failure={undefined} />);
  expect(container.innerHTML).toBe('');
});

it('takes the focus for a new failure, not at each render', () => {
  const form = (retryInSeconds: number, failure: Failure) => (
    <>
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      <input aria-label="other" />
    </>
  );
  const { rerender } = render(form(9, limited));
  expect(document.activeElement).toBe(screen.getByRole('alert'));
  screen.getByLabelText('other').focus();
  rerender(form(8, limited));
  expect(document.activeElement).toBe(screen.getByLabelText('other'));
  rerender(form(9, { ...limited }));
  expect(document.activeElement).toBe(screen.getByRole('alert'));
});

it('moves the focus to its field, without a fragment in the URL', async () => {
  render(
    <form>
      <FormMessage failure={tooShort} fields={{ password: 'new-password' }} />
      <input id="_r_0_" name="new-password" />
    </form>,
  );
  await userEvent.click(screen.getByRole('link', { name: 'The password needs at least 8 characters.' }));
  expect(document.activeElement?.id).toBe('_r_0_');
  expect(window.location.hash).toBe('');
});

it('is not a live region, because screen readers already read a message that takes the focus', () => {
  render(<FormMessage failure={tooShort} />);
  expect(screen.getByRole('alert').getAttribute('aria-live')).toBe('off');
});

it('is not a link when the form does not have the field of the failure', () => {
  render(<FormMessage failure={tooShort} fields={{ email: 'email' }} />);
  expect(screen.queryByRole('link')).toBeNull();
});

it('announces the end of the wait, but not each second', () => {
  const { rerender } = render(<FormMessage failure={limited} retryInSeconds={9} />);
  expect(screen.getByText('You can try again in 9 s.').getAttribute('aria-live')).toBe('off');
  expect(screen.getByRole('status').textContent).toBe('');
  rerender(<FormMessage failure={limited} retryInSeconds={0} />);
  expect(screen.getByRole('status').textContent).toBe('You can try again now.');
});

it.each([
  [119, 'You can try again in 119 s.'],
  [120, 'You can try again in 2 min.'],
  [121, 'You can try again in 3 min.'],
  [3600, 'You can try again in 60 min.'],
])('shows a wait of %i seconds as: %s', (retryInSeconds, words) => {
  render(<FormMessage failure={limited} retryInSeconds={retryInSeconds} />);
  expect(screen.getByText(words)).toBeTruthy();
});
