import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Account } from './Account';
import { auth } from './auth';
import { SecondStep, SignIn } from './SignIn';
import { Users } from './Users';

/** The page shows what useSession returns, and what the person can do with it. */
function Page(): ReactNode {
  const { data, isPending } = auth.useSession();
  if (isPending) return <p>…</p>;
  const facts = data && [
    data.user.email,
    data.user.role,
    data.user.twoFactorEnabled ? 'two factors' : 'one factor',
    ...(data.session.impersonatedBy ? ['impersonated'] : []),
  ];
  return (
    <>
      <output aria-label="Session">{facts?.join(', ') ?? 'no session'}</output>
      {!data && <SignIn />}
      {!data && <SecondStep />}
      {data && <Account />}
      {data?.user.role === 'admin' && <Users />}
      {data?.session.impersonatedBy && (
        <button type="button" onClick={() => void auth.admin.stopImpersonating()}>
          Stop
        </button>
      )}
      {data && (
        <button type="button" onClick={() => void auth.signOut()}>
          Sign out
        </button>
      )}
    </>
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
