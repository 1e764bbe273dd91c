import { cleanup, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, Route } from 'react-router-dom';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { refreshSession } from '../../client/sessionStore';
import { type Api, errorResponse, sessionOf, startApi } from '../../testing/api';
import { jsonResponse } from '../../testing/profileServer';
import AdminPage from '.';

const createdAt = new Date().toISOString();
const ada = { id: 'u1', name: 'Ada', email: 'ada@example.com', emailVerified: true, createdAt, role: 'admin' };
const eve = { id: 'u2', name: 'Eve', email: 'eve@example.com', emailVerified: true, createdAt, role: 'user' };

let api: Api;
let url: string;

beforeEach(async () => {
  api = startApi();
  api.session = sessionOf({ role: 'admin' });
  await refreshSession();
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function renderAt(search: string): void {
  render(
    <MemoryRouter initialEntries={[`/admin/${search}`]}>
      <Route
        render={({ location }) => {
          url = location.pathname + location.search;
          return <AdminPage />;
        }}
      />
    </MemoryRouter>,
  );
}

const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));
const lastRequest = () => new URL(api.requests.at(-1)?.path ?? '', 'http://localhost').searchParams;

it('lists users with what an administrator should notice', async () => {
  api.answers['/admin/list-users'] = () =>
    jsonResponse(200, { users: [ada, { ...eve, banned: true, emailVerified: false }], total: 2 });
  renderAt('');
  expect(screen.getByRole('status', { name: 'Loading' })).toBeTruthy();
  const rows = await screen.findAllByRole('listitem');
  expect(rows.map((row) => row.textContent?.replace(/\s+/g, ' '))).toEqual([
    'Ada Administrator ada@example.comCreated today',
    'Eve Banned Not confirmedeve@example.comCreated today',
  ]);
  expect(screen.getByText('2 users')).toBeTruthy();
  expect(
    within(rows[1] as HTMLElement)
      .getByRole('link')
      .getAttribute('href'),
  ).toBe('/admin/?user=u2');
});

it('searches, filters, sorts and pages, and keeps all that in the URL', async () => {
  api.answers['/admin/list-users'] = () => jsonResponse(200, { users: [eve], total: 45 });
  renderAt('');
  await userEvent.type(await screen.findByLabelText('Search'), 'Eve');
  await userEvent.selectOptions(screen.getByLabelText('In'), 'name');
  await waitFor(() => expect(url).toBe('/admin/?q=Eve&in=name'));
  await userEvent.selectOptions(screen.getByLabelText('Show'), 'banned');
  await userEvent.selectOptions(screen.getByLabelText('Order'), 'email');
  await press('Next');
  await waitFor(() => expect(url).toBe('/admin/?q=Eve&in=name&show=banned&sort=email&page=2'));
  expect(await screen.findByText('Page 2 of 3')).toBeTruthy();
  await waitFor(() => expect(lastRequest().get('offset')).toBe('20'));
  expect(Object.fromEntries(lastRequest())).toMatchObject({
    searchValue: 'Eve',
    searchField: 'name',
    filterField: 'banned',
    filterValue: 'true',
    sortBy: 'email',
    sortDirection: 'asc',
    limit: '20',
  });
  await userEvent.clear(screen.getByLabelText('Search'));
  await press('Search');
  await waitFor(() => expect(url).toBe('/admin/?in=name&show=banned&sort=email'));
});

it('says that no user matches', async () => {
  api.answers['/admin/list-users'] = () => jsonResponse(200, { users: [], total: 0 });
  renderAt('?q=nothing');
  expect(await screen.findByText('No user matches.')).toBeTruthy();
});

it('tells a person who is no administrator', async () => {
  api.answers['/admin/list-users'] = () => errorResponse(403, 'YOU_ARE_NOT_ALLOWED_TO_LIST_USERS');
  renderAt('');
  expect((await screen.findByRole('alert')).textContent).toContain('This page is for administrators');
  expect(screen.queryByLabelText('Search')).toBeNull();
});

it('loads the list again after a failure', async () => {
  api.answers['/admin/list-users'] = () => errorResponse(503, '');
  renderAt('');
  expect((await screen.findByRole('alert')).textContent).toContain('The server is busy');
  api.answers['/admin/list-users'] = () => jsonResponse(200, { users: [eve], total: 1 });
  await press('Try again');
  expect(await screen.findByText('One user')).toBeTruthy();
});

it('asks to sign in when the session has ended', async () => {
  api.answers['/admin/list-users'] = () => {
    api.session = null;
    return new Response('', { status: 401, headers: { 'content-type': 'application/json' } });
  };
  renderAt('');
  expect(await screen.findByRole('heading', { name: 'Sign in to continue' })).toBeTruthy();
});

/** Shows the page of a user. `state` is what the server knows about the user; a test changes it. */
async function showUser(state: Record<string, unknown>): Promise<void> {
  api.answers['/admin/get-user'] = () => jsonResponse(200, { ...state });
  api.answers['/admin/list-audit-events'] ??= () => jsonResponse(200, { events: [] });
  api.answers['/admin/list-user-sessions'] ??= () => jsonResponse(200, { sessions: [] });
  renderAt(`?user=${String(state['id'])}`);
  await screen.findByRole('heading', { name: 'Role' });
}

/** A session of the user u2. */
const sessionRow = (id: string) => ({
  id,
  token: `token-${id}`,
  userId: 'u2',
  userAgent: 'curl/8',
  createdAt,
  updatedAt: createdAt,
});

const bodies = () =>
  api.requests.filter(({ path }) => !/get-user|list-/.test(path)).map(({ path, body }) => [path, body]);

it('bans a user with a reason and for a time, and ends the ban', async () => {
  const state: Record<string, unknown> = { ...eve };
  let sessions: object[] = [sessionRow('a')];
  api.answers['/admin/list-user-sessions'] = () => jsonResponse(200, { sessions });
  await showUser(state);
  await screen.findByRole('button', { name: 'Sign out curl' });
  await userEvent.type(screen.getByLabelText('Reason'), 'spam');
  await userEvent.selectOptions(screen.getByLabelText('For how long'), '7');
  api.answers['/admin/ban-user'] = () => {
    sessions = [];
    Object.assign(state, { banned: true, banReason: 'spam', banExpires: new Date(Date.now() + 6e8).toISOString() });
    return jsonResponse(200, { user: state });
  };
  await press('Ban');
  const note = await screen.findByText('The user is banned.');
  expect(document.activeElement).toBe(note);
  expect(screen.getByText(/Banned until .* Reason: spam/)).toBeTruthy();
  expect(await screen.findByText('Not signed in on any device.')).toBeTruthy();
  api.answers['/admin/unban-user'] = () => {
    Object.assign(state, { banned: false, banReason: null, banExpires: null });
    return jsonResponse(200, { user: state });
  };
  await press('End the ban');
  expect(document.activeElement).toBe(await screen.findByText('The ban has ended.'));
  expect(bodies()).toEqual([
    ['/admin/ban-user', { userId: 'u2', banReason: 'spam', banExpiresIn: 604_800 }],
    ['/admin/unban-user', { userId: 'u2' }],
  ]);
});

it('shows the ban form again for a ban that is over', async () => {
  await showUser({ ...eve, banned: true, banExpires: new Date(0).toISOString() });
  expect(screen.getByRole('button', { name: 'Ban' })).toBeTruthy();
  expect(screen.queryByText('Banned')).toBeNull();
});

it('ends one session, and all', async () => {
  let sessions = [sessionRow('a'), sessionRow('b')];
  api.answers['/admin/list-user-sessions'] = () => jsonResponse(200, { sessions });
  api.answers['/admin/revoke-user-session'] = () => {
    sessions = [sessionRow('b')];
    return jsonResponse(200, { success: true });
  };
  api.answers['/admin/revoke-user-sessions'] = () => {
    sessions = [];
    return jsonResponse(200, { success: true });
  };
  await showUser(eve);
  await userEvent.click((await screen.findAllByRole('button', { name: 'Sign out curl' }))[0] as HTMLElement);
  expect(document.activeElement).toBe(await screen.findByText('Signed out: curl.'));
  await press('Sign out everywhere');
  expect(await screen.findByText('Not signed in on any device.')).toBeTruthy();
  expect(bodies()).toEqual([
    ['/admin/revoke-user-session', { sessionToken: 'token-a' }],
    ['/admin/revoke-user-sessions', { userId: 'u2' }],
  ]);
});

it('changes the role, and keeps one that it does not know', async () => {
  const state: Record<string, unknown> = { ...eve, role: 'editor' };
  await showUser(state);
  const select = screen.getByLabelText<HTMLSelectElement>('Role of the user');
  expect([...select.options].map(({ text }) => text)).toEqual(['User', 'Administrator', 'editor']);
  expect(select.value).toBe('editor');
  await userEvent.selectOptions(select, 'admin');
  await press('Save the role');
  expect(await screen.findByText('The role is saved.')).toBeTruthy();
  expect(bodies()).toEqual([['/admin/set-role', { userId: 'u2', role: 'admin' }]]);
});

it('sets a password, after it has checked the length', async () => {
  await showUser(eve);
  await userEvent.type(screen.getByLabelText('New password of the user'), 'short');
  await press('Set the password');
  expect((await screen.findByRole('alert')).textContent).toContain('The password needs at least 8 characters.');
  await userEvent.type(screen.getByLabelText('New password of the user'), ' but longer now');
  await press('Set the password');
  expect(await screen.findByText('The new password is saved.')).toBeTruthy();
  expect(bodies()).toEqual([['/admin/set-user-password', { userId: 'u2', newPassword: 'short but longer now' }]]);
});

it('deletes a user after the email was typed, and returns to the list', async () => {
  await showUser(eve);
  await userEvent.type(screen.getByLabelText('Type eve@example.com to confirm'), 'someone@example.com');
  await press('Delete the user');
  expect(await screen.findByText('This is not the address of the user.')).toBeTruthy();
  await userEvent.clear(screen.getByLabelText('Type eve@example.com to confirm'));
  await userEvent.type(screen.getByLabelText('Type eve@example.com to confirm'), 'Eve@example.com');
  await press('Delete the user');
  expect(await screen.findByText('The user is deleted.')).toBeTruthy();
  expect(bodies()).toEqual([['/admin/remove-user', { userId: 'u2' }]]);
});

it('acts as a user, with the whole page loaded again', async () => {
  const opened = vi.spyOn(window.location, 'assign').mockImplementation(() => {});
  await showUser(eve);
  await press('Act as this user');
  await waitFor(() => expect(opened.mock.calls).toEqual([['/']]));
  expect(bodies()).toEqual([['/admin/impersonate-user', { userId: 'u2' }]]);
});

it('explains that another administrator cannot be impersonated', async () => {
  api.answers['/admin/impersonate-user'] = () => errorResponse(403, 'YOU_CANNOT_IMPERSONATE_ADMINS');
  await showUser({ ...eve, role: 'admin' });
  await press('Act as this user');
  expect((await screen.findByRole('alert')).textContent).toContain('You cannot act as another administrator.');
});

it('does not let administrators ban, delete or impersonate themselves', async () => {
  await showUser(ada);
  expect(screen.getByText(/This is your own account/)).toBeTruthy();
  for (const name of ['Ban', 'Delete the user', 'Act as this user'])
    expect(screen.queryByRole('button', { name })).toBeNull();
});

it('says that a user no longer exists', async () => {
  api.answers['/admin/get-user'] = () => errorResponse(404, 'USER_NOT_FOUND');
  renderAt('?user=u9');
  expect((await screen.findByRole('alert')).textContent).toContain('This account no longer exists.');
  expect(screen.getByRole('link', { name: 'All users' }).getAttribute('href')).toBe('/admin/');
});
