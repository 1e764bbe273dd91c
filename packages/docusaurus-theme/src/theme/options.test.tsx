import { cleanup, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { MemoryRouter } from 'react-router-dom';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SiteData } from '../siteData';
import { jsonResponse } from '../testing/profileServer';

const requests: Array<{ readonly url: string; readonly authorization: string | null; readonly body: unknown }> = [];

beforeEach(() => {
  vi.resetModules();
  requests.length = 0;
  window.localStorage.clear();
  vi.stubGlobal('fetch', async (url: string | URL, init?: RequestInit) => {
    const authorization = new Headers(init?.headers).get('authorization');
    requests.push({ url: String(url), authorization, body: init?.body && JSON.parse(String(init.body)) });
    return jsonResponse(200, { success: true, user: {} }, { 'set-auth-token': 'new.token' });
  });
});
afterEach(() => {
  cleanup();
  vi.doUnmock('@generated/globalData');
});

/** Gives the site other options. Modules that are imported after it see them. */
async function withOptions(options: Partial<SiteData>): Promise<void> {
  const { default: data } = await vi.importActual<typeof import('../testing/globalData')>('../testing/globalData');
  const site = { ...data['docusaurus-theme-xenon'].default, ...options };
  vi.doMock('@generated/globalData', () => ({ default: { 'docusaurus-theme-xenon': { default: site } } }));
}

const renderPage = (page: ReactNode) => render(<MemoryRouter>{page}</MemoryRouter>);

it('shows the logo and the links to terms and privacy', async () => {
  await withOptions({ logo: { src: 'img/logo.svg', alt: 'My site' }, termsLink: '/terms', privacyLink: '/privacy' });
  const { default: Register } = await import('./XenonRegisterPage');
  renderPage(<Register />);
  expect(screen.getByAltText('My site').getAttribute('src')).toBe('/learn/img/logo.svg');
  expect(screen.getByRole('link', { name: /accept our terms/ }).getAttribute('href')).toBe('/terms');
  expect(screen.getByRole('link', { name: 'How we protect them' }).getAttribute('href')).toBe('/privacy');
});

it('shows no form for a method that is off', async () => {
  await withOptions({ methods: { password: false, providers: true, magicLink: false, emailOTP: false } });
  const { default: Login } = await import('./XenonLoginPage');
  renderPage(<Login />);
  expect(screen.queryByLabelText('Password')).toBeNull();
});

it('offers to sign in by mail only if the site has a method for it', async () => {
  const link = () => screen.queryByRole('link', { name: 'Continue without a password' });
  const { default: Login } = await import('./XenonLoginPage');
  renderPage(<Login />);
  expect(link()?.getAttribute('href')).toBe('/login/mail/');
  cleanup();
  vi.resetModules();
  await withOptions({ methods: { password: true, providers: true, magicLink: false, emailOTP: false } });
  const { default: WithoutMail } = await import('./XenonLoginPage');
  renderPage(<WithoutMail />);
  expect(link()).toBeNull();
});

it('signs in by mail on the sign-in page if there are no passwords', async () => {
  await withOptions({ methods: { password: false, providers: true, magicLink: false, emailOTP: true } });
  const { default: Login } = await import('./XenonLoginPage');
  renderPage(<Login />);
  expect(screen.getByRole('heading', { name: 'Sign in' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Mail me a code' })).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Mail me a link' })).toBeNull();
  expect(screen.queryByRole('link', { name: 'Sign in with a password' })).toBeNull();
});

it('says that the registration is closed', async () => {
  await withOptions({ signUp: false });
  const { default: Register } = await import('./XenonRegisterPage');
  renderPage(<Register />);
  expect(screen.getByRole('alert').textContent).toContain('Registration is closed');
  expect(screen.queryByRole('button', { name: 'Create account' })).toBeNull();
});

it('shows no form to change the email if that is off, without a request to the server', async () => {
  await withOptions({ changeEmail: false });
  const { default: ChangeEmail } = await import('../components/ChangeEmail');
  renderPage(<ChangeEmail user={{ id: 'u1', email: 'ada@example.com', emailVerified: true } as never} />);
  expect(screen.getByText('You cannot change your e-mail address on this site.')).toBeTruthy();
  expect(screen.queryByLabelText('New e-mail address')).toBeNull();
});

it('says that the profile is deleted only if there is one', async () => {
  const user = { id: 'u1', email: 'ada@example.com' } as never;
  await withOptions({ profile: false });
  const { default: DeleteAccount } = await import('../components/DeleteAccount');
  renderPage(<DeleteAccount user={user} />);
  expect(screen.getByText(/^Your account and all sessions are deleted at once/)).toBeTruthy();
  cleanup();
  vi.resetModules();
  await withOptions({ profile: true });
  const { default: WithProfile } = await import('../components/DeleteAccount');
  renderPage(<WithProfile user={user} />);
  expect(screen.getByText(/^Your account, your profile and all sessions are deleted at once/)).toBeTruthy();
});

it('sends whole URLs and the session token to an API on another site', async () => {
  await withOptions({ apiOrigin: 'https://auth.example.net', apiMode: 'bearer' });
  const { sendResetMail } = await import('../client/mails');
  const { signOut } = await import('../client/sessionStore');
  await sendResetMail('ada@example.com');
  await sendResetMail('ada@example.com');
  expect(requests.map(({ url }) => url)).toEqual(
    Array(2).fill('https://auth.example.net/api/auth/request-password-reset'),
  );
  expect(requests[0]?.body).toMatchObject({ redirectTo: `${window.location.origin}/reset-password/` });
  expect(requests.map(({ authorization }) => authorization)).toEqual([null, 'Bearer new.token']);
  await signOut();
  expect(window.localStorage.length).toBe(0);
});
