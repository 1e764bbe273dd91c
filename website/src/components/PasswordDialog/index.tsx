import Link from '@docusaurus/Link';
import { useLocation } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useAuth } from '../../auth/AuthContext';
import { ask } from '../../auth/client';
import { useAccounts, useHasPassword } from '../../auth/useAccounts';
import { useSubmit } from '../../auth/useSubmit';
import type { Session } from '../../lib/authClient';
import { wantsPassword, wantsSignIn } from '../../lib/errors';
import type { Outcome } from '../../lib/failure';
import FormMessage from '../FormMessage';
import PasswordField from '../PasswordField';
import ProviderButtons from '../ProviderButtons';
import SubmitButton from '../SubmitButton';
import Username from '../Username';
import styles from './styles.module.css';

/** Makes calls that can fail because the server requires the password again or because the session has ended. */
export interface Confirmation {
  /**
   * Makes the call. When the server requires the password first, asks for it and makes the call again. When the person
   * cancels, returns the first failure.
   */
  readonly confirmed: <T>(call: () => Promise<Outcome<T>>) => Promise<Outcome<T>>;
  /** The caller has to render it. */
  readonly dialog: ReactNode;
}

interface Question {
  readonly expired: boolean;
  readonly answer: (signedIn: boolean) => void;
}

/** Asks the current or last signed-in person for the password when the server requires it. */
export function usePasswordDialog(): Confirmation {
  const { state } = useAuth();
  const last = useRef<Session>(undefined);
  if (state.status === 'signed-in') last.current = { user: state.user, session: state.session };
  const [question, setQuestion] = useState<Question>();
  const confirmed: Confirmation['confirmed'] = async (call) => {
    const first = await call();
    const { failure } = first;
    if (!failure || !last.current || !(wantsPassword(failure) || wantsSignIn(failure))) return first;
    const signedIn = await new Promise<boolean>((answer) => setQuestion({ expired: wantsSignIn(failure), answer }));
    setQuestion(undefined);
    return signedIn ? call() : first;
  };
  return { confirmed, dialog: question && last.current && <PasswordDialog who={last.current} {...question} /> };
}

function PasswordDialog({ who, expired, answer }: Question & { readonly who: Session }): ReactNode {
  const box = useRef<HTMLDialogElement>(null);
  const title = useId();
  const hasPassword = useHasPassword(who.user.id, !expired) ?? true;
  useEffect(() => box.current?.showModal(), []);
  const close = () => box.current?.close(); // returns the focus to the element that had it
  const onSignedIn = () => {
    answer(true);
    close();
  };
  return (
    <dialog ref={box} className={styles.dialog} aria-labelledby={title} onClose={() => answer(false)}>
      <h2 id={title}>
        {hasPassword
          ? translate({ id: 'again.title', message: 'Enter your password again' })
          : translate({ id: 'again.title.noPassword', message: 'Sign in again' })}
      </h2>
      {hasPassword && <PasswordForm who={who} expired={expired} onSignedIn={onSignedIn} onCancel={close} />}
      <OtherWays who={who} expired={expired} hasPassword={hasPassword} onCancel={close} />
    </dialog>
  );
}

interface FormProps {
  readonly who: Session;
  readonly expired: boolean;
  readonly onSignedIn: () => void;
  readonly onCancel: () => void;
}

function PasswordForm({ who, expired, onSignedIn, onCancel }: FormProps): ReactNode {
  const [password, setPassword] = useState('');
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    const { failure } = await signInAgain(who, password);
    if (failure) setPassword('');
    else onSignedIn();
    return failure;
  });
  return (
    <form onSubmit={onSubmit} method="post">
      <p>
        {expired
          ? translate({
              id: 'again.expired',
              message: 'You were signed out in the meantime. Nothing is lost: sign in to continue.',
            })
          : translate({
              id: 'again.why',
              message: 'You signed in a while ago. To protect your account, enter your password again.',
            })}
      </p>
      <FormMessage failure={failure} wait={wait} fields={{ password: 'password-again-input' }} />
      <Username email={who.user.email} />
      <PasswordField
        id="password-again-input"
        label={translate({ id: 'again.password', message: 'Password of {email}' }, { email: who.user.email })}
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
      />
      <div className={styles.actions}>
        <SubmitButton busy={busy} wait={wait}>
          {translate({ id: 'again.submit', message: 'Continue' })}
        </SubmitButton>
        <Cancel onCancel={onCancel} />
      </div>
    </form>
  );
}

interface OtherWaysProps {
  readonly who: Session;
  readonly expired: boolean;
  readonly hasPassword: boolean;
  readonly onCancel: () => void;
}

// The providers at which the person has an account, which lead away from the page; without a password also a link to
// set one.
function OtherWays({ who, expired, hasPassword, onCancel }: OtherWaysProps): ReactNode {
  const { pathname, hash } = useLocation();
  const linked = useAccounts(who.user.id, !expired)?.data?.map(({ providerId }) => providerId);
  if (hasPassword) return <ProviderButtons start="account" next={pathname + hash} only={linked} />;
  return (
    <>
      <p>
        {translate({
          id: 'again.why.noPassword',
          message: 'To protect your account, sign in again. Then you come back to this page.',
        })}
      </p>
      <ProviderButtons
        start="account"
        next={pathname + hash}
        only={linked}
        title={translate({ id: 'again.with', message: 'Use your linked account' })}
      />
      <div className={styles.actions}>
        <Link className="button button--secondary" to="/forgot-password/">
          {translate({ id: 'again.setPassword', message: 'Set a password by e-mail' })}
        </Link>
        <Cancel onCancel={onCancel} />
      </div>
    </>
  );
}

function Cancel({ onCancel }: { readonly onCancel: () => void }): ReactNode {
  return (
    <button type="button" className="button button--secondary" onClick={onCancel}>
      {translate({ id: 'form.cancel', message: 'Cancel' })}
    </button>
  );
}

// The new session has the same lifetime setting as the old one and replaces it, so the list of devices has one entry.
async function signInAgain({ user, session }: Session, password: string): Promise<Outcome<unknown>> {
  const rememberMe = session.expiresAt.getTime() - session.createdAt.getTime() > shortLifetime;
  const outcome = await ask((client, fetchOptions) =>
    client.signIn.email({ email: user.email, password, rememberMe, fetchOptions }),
  );
  if (!outcome.failure)
    await ask((client, fetchOptions) => client.revokeSession({ token: session.token, fetchOptions }));
  return outcome;
}

// Milliseconds. Sessions without "remember me" last a day, others seven days. Only the latter are extended by use.
const shortLifetime = 25 * 60 * 60 * 1000;
