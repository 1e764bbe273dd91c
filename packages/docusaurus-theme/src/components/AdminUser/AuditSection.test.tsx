import { cleanup, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router-dom';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Api, errorResponse, startApi } from '../../testing/api';
import { jsonResponse } from '../../testing/profileServer';
import AuditSection from './AuditSection';

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
let api: Api;
let requests = 0;

beforeEach(() => {
  api = startApi();
});
afterEach(cleanup);

/** An event of the user u1. */
function eventOf(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    requestId: `r${requests++}`,
    time: '2026-07-01T12:00:00.000Z',
    event: name,
    result: 'ok',
    status: 200,
    userId: 'u1',
    ip: '192.0.2.1',
    agent: firefox,
    ...more,
  };
}

function answer(...pages: Array<Record<string, unknown>>): void {
  let next = 0;
  api.answers['/admin/list-audit-events'] = () => jsonResponse(200, pages[next++]);
}

function show(): void {
  render(
    <MemoryRouter>
      <AuditSection userId="u1" ownId="root" />
    </MemoryRouter>,
  );
}

const cells = async () => {
  const table = await screen.findByRole('table', { name: 'Audit trail' });
  const [, ...rows] = within(table).getAllByRole('row');
  return rows.map((row) =>
    within(row)
      .getAllByRole('cell')
      .map((cell) => cell.textContent),
  );
};
const cursors = () => api.requests.map(({ path }) => new URL(path, 'http://localhost').searchParams.get('cursor'));

it('shows what happened, from where, and who did it', async () => {
  answer({
    events: [
      eventOf('admin-ban', { userId: 'root', subject: 'u1' }),
      eventOf('admin-role-change', { userId: 'other', subject: 'u1' }),
      eventOf('email-change', { impersonatedBy: 'other' }),
      eventOf('email-change', { impersonatedBy: 'root' }),
      eventOf('sign-in', { result: 'refused', status: 401, code: 'INVALID_EMAIL_OR_PASSWORD' }),
      eventOf('sign-in', { result: 'failed', status: 500 }),
      eventOf('admin-unban', { subject: 'u3' }),
      eventOf('token', { userId: 'u3', impersonatedBy: 'u1' }),
      eventOf('admin-impersonation-end', { subject: 'u3', impersonatedBy: 'u1' }),
      eventOf('admin-user-read', { subject: 'u1' }),
      eventOf('from-a-newer-server', { agent: '', ip: '2001:db8::1' }),
    ],
  });
  show();
  const rows = await cells();
  expect(rows.map(([, what]) => what)).toEqual([
    'User banned OKBy you',
    'Role changed OKBy an administrator',
    'Change of the e-mail address OKBy an administrator, acting as this user',
    'Change of the e-mail address OKBy you, acting as this user',
    'Sign-in with the password Refused401 INVALID_EMAIL_OR_PASSWORD',
    'Sign-in with the password Failed500 ',
    'Ban ended OKOn another user',
    'Token for an API OKActing as another user',
    'Acting as the user ended OKActing as another user',
    'User read OK',
    'from-a-newer-server OK',
  ]);
  expect(rows[0]?.[0]).toContain('2026');
  expect(rows[0]?.[2]).toBe('192.0.2.1Firefox on Linux');
  expect(rows[10]?.[2]).toBe('2001:db8::1');
  expect(screen.getAllByRole('link').map((link) => link.getAttribute('href'))).toEqual([
    '/admin/?user=other',
    '/admin/?user=other',
    '/admin/?user=u3',
    '/admin/?user=u3',
    '/admin/?user=u3',
  ]);
  expect(screen.getByText('11 events')).toBeTruthy();
  expect(screen.queryByRole('button')).toBeNull();
});

it('loads more, and moves the focus when the button is gone', async () => {
  answer(
    { events: [eventOf('sign-in')], cursor: '1.a' },
    { events: [eventOf('sign-out')], cursor: '1.b' },
    { events: [eventOf('sign-up')] },
  );
  show();
  await userEvent.click(await screen.findByRole('button', { name: 'Load more' }));
  expect(await screen.findByText('2 events')).toBeTruthy();
  const more = screen.getByRole('button', { name: 'Load more' });
  expect(document.activeElement).toBe(more);
  await userEvent.click(more);
  await waitFor(() => expect(document.activeElement).toBe(screen.getByText('These are all events.')));
  expect((await cells()).map(([, what]) => what)).toEqual([
    'Sign-in with the password OK',
    'Sign-out OK',
    'Registration OK',
  ]);
  expect(screen.queryByRole('button')).toBeNull();
  expect(cursors()).toEqual([null, '1.a', '1.b']);
});

it('continues after pages without events', async () => {
  answer({ events: [], cursor: '1.a' }, { events: [], cursor: '1.b' }, { events: [eventOf('sign-in')] });
  show();
  expect(await cells()).toHaveLength(1);
  expect(cursors()).toEqual([null, '1.a', '1.b']);
});

it('lets the administrator search further after many pages without events', async () => {
  answer(...['1', '2', '3', '4', '5'].map((n) => ({ events: [], cursor: `1.${n}` })), { events: [eventOf('sign-in')] });
  show();
  expect(await screen.findByText('No event in the newest part of the log.')).toBeTruthy();
  expect(cursors()).toHaveLength(5);
  await userEvent.click(screen.getByRole('button', { name: 'Load more' }));
  expect(await cells()).toHaveLength(1);
});

it('says that nothing happened', async () => {
  answer({ events: [] });
  show();
  expect(screen.getByRole('status', { name: 'Loading' })).toBeTruthy();
  expect(await screen.findByText('Nothing in the last 30 days.')).toBeTruthy();
  expect(screen.queryByRole('table')).toBeNull();
  expect(screen.queryByRole('button')).toBeNull();
});

it('tries again when the log could not be read', async () => {
  api.answers['/admin/list-audit-events'] = () => errorResponse(503, 'AUDIT_LOG_UNAVAILABLE');
  show();
  expect((await screen.findByRole('alert')).textContent).toContain('The audit trail cannot be read at the moment.');
  answer({ events: [eventOf('sign-in')], cursor: '1.a' });
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await cells()).toHaveLength(1);
  expect(screen.queryByRole('alert')).toBeNull();
});

it('keeps the events and the focus when more could not be loaded, and continues there', async () => {
  answer({ events: [eventOf('sign-in')], cursor: '1.a' });
  show();
  const more = await screen.findByRole('button', { name: 'Load more' });
  api.answers['/admin/list-audit-events'] = () => errorResponse(503, 'AUDIT_LOG_UNAVAILABLE');
  await userEvent.click(more);
  expect(await screen.findByRole('alert')).toBeTruthy();
  expect(await cells()).toHaveLength(1);
  const retry = screen.getByRole('button', { name: 'Try again' });
  expect(document.activeElement).toBe(retry);
  answer({ events: [eventOf('sign-up')], cursor: '1.b' });
  await userEvent.click(retry);
  await waitFor(async () => expect(await cells()).toHaveLength(2));
  expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Load more' }));
  expect(cursors()).toEqual([null, '1.a', '1.a']);
});

it('explains that a Better Auth server has no such list', async () => {
  api.answers['/admin/list-audit-events'] = () => new Response(null, { status: 404 });
  show();
  expect(await screen.findByText('This server has no audit log that the page can read.')).toBeTruthy();
  expect(screen.queryByRole('button')).toBeNull();
});

it('shows nothing for an answer without events', async () => {
  answer({ events: ['x', null, {}, { event: 'sign-in', time: 'never' }, { time: '2026-07-01T12:00:00.000Z' }] });
  show();
  expect(await screen.findByText('Nothing in the last 30 days.')).toBeTruthy();
});
