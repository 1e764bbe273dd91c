import { cleanup, createEvent, fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { act, type ReactNode, useState } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, it } from 'vitest';
import PasswordField from '.';

function Form({
  autoComplete = 'current-password',
}: {
  readonly autoComplete?: 'current-password' | 'new-password';
}): ReactNode {
  const [value, setValue] = useState('');
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      <PasswordField
        name="password"
        label="Password"
        autoComplete={autoComplete}
        about={['Ada Lovelace']}
        value={value}
        onChange={setValue}
      />
      <button type="submit">Send</button>
      <output>{value}</output>
    </form>
  );
}
const passwordInput = () => screen.getByLabelText('Password') as HTMLInputElement;
const ruleWithText = (text: string) => screen.getByText(text, { exact: false }).textContent;

afterEach(cleanup);

it('accepts a pasted password', async () => {
  render(<Form />);
  await userEvent.click(passwordInput());
  await userEvent.paste('correct horse');
  expect(passwordInput().value).toBe('correct horse');
});

it('shows the password on request, and hides it when the form is sent', async () => {
  render(<Form />);
  const show = screen.getByRole('button', { name: 'Show password' });
  await userEvent.type(passwordInput(), 'correct horse');
  await userEvent.click(show);
  expect(passwordInput().type).toBe('text');
  expect(show.getAttribute('aria-pressed')).toBe('true');
  await userEvent.click(screen.getByRole('button', { name: 'Send' }));
  expect(passwordInput().type).toBe('password');
});

it('shows that caps lock is on', () => {
  render(<Form />);
  const key = createEvent.keyDown(passwordInput(), { key: 'A' });
  Object.assign(key, { getModifierState: (modifier: string) => modifier === 'CapsLock' }); // happy-dom lacks it
  fireEvent(passwordInput(), key);
  const note = screen.getAllByRole('status')[0];
  expect(note?.textContent).toBe('Caps lock is on.');
  fireEvent.blur(passwordInput());
  expect(note?.textContent).toBe('');
});

it('requires the length, and only recommends the other rules', () => {
  render(<Form autoComplete="new-password" />);
  const rules = screen.getAllByRole('listitem').map(({ textContent }) => textContent);
  expect(rules.map((rule) => rule?.startsWith('Recommended: '))).toEqual([false, true, true]);
});

it('shows rules only for a new password', () => {
  render(<Form />);
  expect(screen.queryByRole('list')).toBeNull();
  expect(passwordInput().autocomplete).toBe('current-password');
});

it('marks the rules that the password follows, and shows its strength', async () => {
  render(<Form autoComplete="new-password" />);
  expect(ruleWithText('8 to 128')).not.toContain('done');
  const hint = document.getElementById(passwordInput().getAttribute('aria-describedby') ?? '');
  expect(hint?.textContent).toContain('8 to 128');
  await userEvent.type(passwordInput(), 'lovelace 1815 engine');
  expect(ruleWithText('8 to 128')).toContain('done');
  expect(ruleWithText('No common word or number')).toContain('done');
  expect(ruleWithText('No part of the name')).not.toContain('done');
  expect((await screen.findByText(/Password strength/)).parentElement?.textContent).toBe('Password strength: Good');
});

it('keeps input typed before hydration', async () => {
  const page = document.createElement('div');
  document.body.append(page);
  page.innerHTML = renderToString(<Form />);
  passwordInput().value = 'correct horse';
  const root = await act(async () => hydrateRoot(page, <Form />));
  expect(page.querySelector('output')?.textContent).toBe('correct horse');
  expect(passwordInput().value).toBe('correct horse');
  await act(async () => root.unmount());
  page.remove();
});

it('gives each input its own id', () => {
  render(
    <>
      <Form />
      <Form />
    </>,
  );
  const ids = screen.getAllByLabelText('Password').map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
});

it('compares a new password with the most common ones, which it loads with the first character', async () => {
  render(<Form autoComplete="new-password" />);
  await userEvent.type(passwordInput(), 'michellesunshine'); // the list of the rules contains neither word
  expect((await screen.findByText(/Password strength/)).parentElement?.textContent).toContain('Easy to guess');
});
