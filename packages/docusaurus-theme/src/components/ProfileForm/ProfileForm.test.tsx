import { act, cleanup, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { createMemoryHistory, type MemoryHistory } from 'history';
import { Router } from 'react-router-dom';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dropDrafts, getKeptDraft } from '../../client/drafts';
import { clearToken } from '../../client/sessionStore';
import { type ProfileServer, startProfileServer } from '../../testing/profileServer';
import ProfileForm from '.';

// The mobile sidebar's state comes from the theme's layout, which these tests do not render.
vi.mock('@docusaurus/theme-common/internal', () => ({ useNavbarMobileSidebar: () => ({ shown: false }) }));

let server: ProfileServer;
let history: MemoryHistory;
beforeEach(() => {
  clearToken(); // all tests use one session store
  server = startProfileServer();
  history = createMemoryHistory({ initialEntries: ['/profile/'] });
});
afterEach(() => {
  cleanup();
  dropDrafts();
  vi.unstubAllGlobals();
});

const profilePage = (userId: string) => (
  <Router history={history}>
    <ProfileForm userId={userId} />
  </Router>
);
const renderPage = (userId = 'u1') => render(profilePage(userId));
const findHoursInput = () => screen.findByLabelText('Hours a week') as Promise<HTMLInputElement>;
const clickSave = () => userEvent.click(screen.getByRole('button', { name: 'Save' }));

describe('the profile', () => {
  it('does not show the input of one person to the next', async () => {
    const { rerender } = renderPage('u1');
    await userEvent.type(await findHoursInput(), '6');
    server.userId = 'u2';
    rerender(profilePage('u2'));
    expect(screen.queryByLabelText('Hours a week')).toBeNull();
    expect((await findHoursInput()).value).toBe('');
  });

  it('is created by the first save and changed by later ones', async () => {
    renderPage();
    await userEvent.click(await screen.findByLabelText('Code first'));
    expect(screen.getByText('1 change, not saved yet')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Create my profile' }));
    await screen.findByText('Saved.');
    await userEvent.type(await findHoursInput(), '6');
    await clickSave();
    await screen.findByText('Saved.');
    expect(server.requests).toEqual(['GET', 'POST {"learning_mode":"code_first"}', 'PUT {"time_per_week":6}']);
  });

  it('shows why it cannot be loaded, and loads it again', async () => {
    server.respondNext = () => new Response('', { status: 503 });
    renderPage();
    await userEvent.click(await screen.findByRole('button', { name: 'Try again' }));
    await screen.findByText(/Tell us how you learn/);
  });

  it('shows both answers of a conflict, and saves the chosen one', async () => {
    server.saveElsewhere({ time_per_week: 3, learning_mode: 'visual' });
    renderPage();
    await userEvent.type(await findHoursInput(), '6'); // 36
    await userEvent.click(screen.getByLabelText('Reading'));
    server.saveElsewhere({ time_per_week: 5, learning_mode: 'code_first', age_range: '25_34' });
    await clickSave();
    const question = within(await screen.findByRole('alert'));
    expect(question.getByText('36')).toBeTruthy();
    expect(question.getByText('Code first')).toBeTruthy();
    expect(server.saved()).toMatchObject({ time_per_week: 5, learning_mode: 'code_first' });
    await userEvent.click(question.getByLabelText(/^5 Saved elsewhere/));
    expect((await findHoursInput()).value).toBe('5');
    await clickSave();
    await screen.findByText('Saved.');
    expect(screen.queryByRole('alert')).toBeNull();
    expect(server.saved()).toMatchObject({ time_per_week: 5, learning_mode: 'textual', age_range: '25_34' });
  });

  it('keeps unsaved input while the form is unmounted, for the same person only', async () => {
    const first = renderPage();
    await userEvent.type(await findHoursInput(), '7');
    first.unmount();
    server.userId = 'u2';
    const other = renderPage('u2');
    expect((await findHoursInput()).value).toBe('');
    other.unmount();
    server.userId = 'u1';
    renderPage();
    expect((await findHoursInput()).value).toBe('7');
    expect(screen.getByText('1 change, not saved yet')).toBeTruthy();
  });

  it('shows a conflict between kept input and a change saved meanwhile', async () => {
    server.saveElsewhere({ time_per_week: 3 });
    const first = renderPage();
    await userEvent.type(await findHoursInput(), '6');
    first.unmount();
    server.saveElsewhere({ time_per_week: 5 });
    renderPage();
    expect(within(await screen.findByRole('alert')).getByText('36')).toBeTruthy();
  });

  it('sends nothing with the token of another person who signed in in another tab', async () => {
    server.saveElsewhere({ time_per_week: 3 });
    server.userId = 'u2';
    renderPage('u1');
    await screen.findByText(/You are signed out/);
    expect(server.requests).toEqual([]);
  });
});

describe('leaving', () => {
  const leave = () => act(() => history.push('/docs/'));
  const stubConfirm = (answer: boolean) => {
    const confirm = vi.fn(() => answer);
    vi.stubGlobal('confirm', confirm);
    return confirm;
  };

  it('asks nothing without unsaved changes', async () => {
    const confirm = stubConfirm(false);
    renderPage();
    await findHoursInput();
    leave();
    expect(history.location.pathname).toBe('/docs/');
    expect(confirm).not.toHaveBeenCalled();
  });

  it('asks with unsaved changes, and drops them when the person leaves', async () => {
    const confirm = stubConfirm(false);
    renderPage();
    await userEvent.type(await findHoursInput(), '7');
    leave();
    expect(history.location.pathname).toBe('/profile/');
    expect(getKeptDraft('u1')).toBeDefined();
    confirm.mockReturnValue(true);
    leave();
    expect(history.location.pathname).toBe('/docs/');
    expect(getKeptDraft('u1')).toBeUndefined();
  });

  it('the browser asks before the site is closed with unsaved changes', async () => {
    renderPage();
    await userEvent.type(await findHoursInput(), '7');
    const event = new Event('beforeunload', { cancelable: true });
    window.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
    dropDrafts(); // as signing out does
    const after = new Event('beforeunload', { cancelable: true });
    window.dispatchEvent(after);
    expect(after.defaultPrevented).toBe(false);
  });

  it('asks nothing after the changes were discarded', async () => {
    const confirm = stubConfirm(false);
    server.saveElsewhere({ time_per_week: 3 });
    renderPage();
    await userEvent.type(await findHoursInput(), '6');
    await userEvent.click(screen.getByRole('button', { name: 'Discard changes' }));
    expect((await findHoursInput()).value).toBe('3');
    leave();
    await waitFor(() => expect(history.location.pathname).toBe('/docs/'));
    expect(confirm).not.toHaveBeenCalled();
  });
});
