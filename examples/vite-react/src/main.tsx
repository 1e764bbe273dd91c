import {
  AccountView,
  AuthUIProvider,
  AuthView,
  RedirectToSignIn,
  SignedIn,
  UserButton,
} from '@daveyplate/better-auth-ui';
import { createAuthClient } from 'better-auth/react';
import { useState, useSyncExternalStore } from 'react';
import { createRoot } from 'react-dom/client';
import { Toaster } from 'sonner';
import './style.css';

// The API is on the origin of the page: /api/auth. For another origin: createAuthClient({ baseURL: 'https://…' }).
const authClient = createAuthClient();

/**
 * Shows another page of this site without loading it, so that the message of a form stays visible. The kit passes the
 * value of ?redirectTo=, which can be a URL of any site or begin with javascript:.
 */
function showPage(change: 'pushState' | 'replaceState', href: string): void {
  const url = new URL(href, window.location.href);
  window.history[change](null, '', url.origin === window.location.origin ? url : '/');
  window.dispatchEvent(new PopStateEvent('popstate'));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener);
  return () => window.removeEventListener('popstate', listener);
}

/** The page of the link in the mail that Xenon sends to the old email before a change of the email. */
function CancelEmailChange() {
  const [result, setResult] = useState('');
  async function cancel() {
    const token = new URLSearchParams(window.location.search).get('token');
    const { error } = await authClient.$fetch('/cancel-email-change', { method: 'POST', body: { token } });
    setResult(error ? 'This link does not work any more.' : 'Your email stays as it is.');
  }
  if (result) return <p role="status">{result}</p>;
  return (
    <button type="button" className="underline" onClick={cancel}>
      Do not change my email
    </button>
  );
}

function Page() {
  const path = useSyncExternalStore(subscribe, () => window.location.pathname).replace(/\/$/, '');
  if (path.startsWith('/auth/')) return <AuthView pathname={path} />;
  if (path.startsWith('/account/')) return <AccountView pathname={path} />;
  if (path === '/cancel-email-change') return <CancelEmailChange />;
  return (
    <>
      <RedirectToSignIn />
      <SignedIn>Welcome to the members.</SignedIn>
    </>
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <AuthUIProvider
    authClient={authClient}
    baseURL={window.location.origin}
    navigate={(href) => showPage('pushState', href)}
    replace={(href) => showPage('replaceState', href)}
    deleteUser
  >
    <header className="flex items-center justify-between p-4">
      <a href="/">Example</a>
      <UserButton size="icon" />
    </header>
    <main className="mx-auto flex max-w-4xl justify-center p-4">
      <Page />
    </main>
    <Toaster />
  </AuthUIProvider>,
);
