import path from 'node:path';
import { cleanup, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { createMemoryHistory } from 'history';
import { Router } from 'react-router-dom';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { dropDrafts } from '../../client/drafts';
import { clearToken } from '../../client/sessionStore';
import { jsonResponse, type ProfileServer, startProfileServer } from '../../testing/profileServer';
import { setProfileFile } from '../../testing/useRouteContext';
import ProfileForm from '.';

vi.mock('@docusaurus/theme-common/internal', () => ({ useNavbarMobileSidebar: () => ({ shown: false }) }));

let server: ProfileServer;
const file = path.resolve(import.meta.dirname, '../../../../../examples/profile-fields/profile.yaml');
beforeAll(() => setProfileFile(file));
afterAll(() => setProfileFile());
beforeEach(() => {
  clearToken(); // all tests use one session store
  server = startProfileServer();
});
afterEach(() => {
  cleanup();
  dropDrafts();
  vi.unstubAllGlobals();
});

const renderPage = () =>
  render(
    <Router history={createMemoryHistory()}>
      <ProfileForm userId="u1" />
    </Router>,
  );
const findInput = (label: string) => screen.findByLabelText<HTMLInputElement>(label);
const group = (legend: string) => within(screen.getByRole('group', { name: legend }));
const clickButton = (name: string) => userEvent.click(screen.getByRole('button', { name }));
const optionsOf = (label: string) =>
  [...screen.getByLabelText<HTMLSelectElement>(label).options].map(({ text }) => text);
const sent = () => JSON.parse(server.requests.at(-1)?.replace(/^\w+ /, '') ?? '');

it('has an input for each field, with its limits and its default', async () => {
  renderPage();
  expect((await findInput('Name on the certificate')).maxLength).toBe(80);
  expect((await findInput('Seats')).value).toBe('1');
  const year = await findInput('Year of birth');
  expect([year.type, year.min, year.max]).toEqual(['number', '1900', '2100']);
  expect(group('Track').getByLabelText<HTMLInputElement>('Beginner').checked).toBe(true);
  expect(screen.queryByText(/Tell us how you learn/)).toBeNull();
});

it('offers no answer only for fields without a default', async () => {
  renderPage();
  await findInput('Seats');
  expect(group('Track').queryByLabelText('No answer')).toBeNull();
  expect(group('T-shirt size').getByLabelText<HTMLInputElement>('No answer').checked).toBe(true);
  expect(optionsOf('Send me the newsletter')).toEqual(['No answer', 'Yes', 'No']);
  expect(optionsOf('Show my name to other participants')).toEqual(['Yes', 'No']);
});

it('saves an answer of each type, and only those that were changed', async () => {
  renderPage();
  await userEvent.type(await findInput('Name on the certificate'), 'Ada');
  await userEvent.click(group('Track').getByLabelText('Teacher'));
  await userEvent.type(await findInput('Year of birth'), '1990');
  await userEvent.selectOptions(screen.getByLabelText('Send me the newsletter'), 'No');
  await userEvent.selectOptions(screen.getByLabelText('Show my name to other participants'), 'Yes');
  await clickButton('Create my profile');
  await screen.findByText('Saved.');
  expect(sent()).toEqual({
    display_name: 'Ada',
    track: 'teacher',
    year_of_birth: 1990,
    newsletter: false,
    visible: true,
  });
  await userEvent.selectOptions(screen.getByLabelText('Send me the newsletter'), 'No answer');
  await userEvent.clear(await findInput('Name on the certificate'));
  await clickButton('Save');
  await screen.findByText('Saved.');
  expect(sent()).toEqual({ display_name: null, newsletter: null });
});

it('sends nothing with an invalid answer, and says at the input what is wrong', async () => {
  renderPage();
  const code = await findInput('Postal code');
  await userEvent.type(code, 'sw1a');
  await userEvent.type(await findInput('Year of birth'), '1800');
  await userEvent.clear(await findInput('Seats'));
  await clickButton('Create my profile');
  expect(server.requests).toEqual(['GET']);
  const problemOf = (input: HTMLElement) =>
    document.getElementById(input.getAttribute('aria-describedby') ?? '')?.textContent;
  expect(problemOf(code)).toBe('has to be a postal code such as 10115 or SW1A 1AA, of at most 10 characters, or null');
  expect(problemOf(await findInput('Seats'))).toBe('has to be a whole number from 1 to 12');
  expect(problemOf(await findInput('Year of birth'))).toBe('has to be a whole number from 1900 to 2100 or null');
  expect(document.activeElement).toBe(code);
  await userEvent.clear(code);
  expect(code.getAttribute('aria-invalid')).toBeNull();
  expect((await findInput('Seats')).getAttribute('aria-invalid')).toBe('true');
});

it('shows the problems that the API finds at their inputs', async () => {
  server.saveElsewhere({});
  renderPage();
  await userEvent.click((await screen.findAllByLabelText('Teacher'))[0] as HTMLElement);
  server.respondNext = () =>
    jsonResponse(400, {
      error_code: 'VALIDATION_ERROR',
      detail: 'track: has to be one of beginner, advanced; visible: has to be true',
    });
  await clickButton('Save');
  expect((await screen.findByRole('alert')).textContent).toContain('Something in the form is wrong.');
  expect(group('Track').getByText('has to be one of beginner, advanced')).toBeTruthy();
  expect(screen.getByLabelText('Show my name to other participants').getAttribute('aria-invalid')).toBe('true');
});

it('shows and keeps a value that is no longer one of the choices', async () => {
  server.saveElsewhere({ shirt_size: 'xxl', seats: 40 });
  renderPage();
  expect((await screen.findByLabelText<HTMLInputElement>('xxl')).checked).toBe(true);
  expect((await findInput('Seats')).value).toBe('40');
  await userEvent.type(await findInput('Name on the certificate'), 'Ada');
  await clickButton('Save');
  await screen.findByText('Saved.');
  expect(sent()).toEqual({ display_name: 'Ada' });
  expect(server.saved()).toMatchObject({ shirt_size: 'xxl', seats: 40 });
});

it('shows both answers of a conflict in words', async () => {
  server.saveElsewhere({ visible: false });
  renderPage();
  await userEvent.selectOptions(await screen.findByLabelText('Send me the newsletter'), 'Yes');
  server.saveElsewhere({ newsletter: false });
  await clickButton('Save');
  const question = within(await screen.findByRole('alert'));
  expect(question.getByLabelText(/^Yes Yours/)).toBeTruthy();
  await userEvent.click(question.getByLabelText(/^No Saved elsewhere/));
  expect(screen.getByLabelText<HTMLSelectElement>('Send me the newsletter').value).toBe('false');
});
