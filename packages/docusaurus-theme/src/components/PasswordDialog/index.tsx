import Link from '@docusaurus/Link';
import { useLocation } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { Session } from '../../client/authClient';
import { callAuth } from '../../client/callAuth';
import { needsPassword, needsSignIn } from '../../client/errors';
import type { Outcome } from '../../client/failure';
import { refreshSession, useSession } from '../../client/sessionStore';
import { paths } from '../../client/site';
import { texts } from '../../client/texts';
import { readSecondFactorMethods, type SecondFactorMethod } from '../../client/twoFactor';
import { useAccounts, useHasPassword } from '../../client/useAccounts';
import { useFocusFirstInput } from '../../client/useFocusFirstInput';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import PasswordField from '../PasswordField';
import ProviderButtons from '../ProviderButtons';
import SecondFactor from '../SecondFactor';
import SubmitButton from '../SubmitButton';
import Username from '../Username';
import styles from './styles.module.css';

/** For calls that fail if the server requires the password again, or if the session has ended. */
export interface Reauthentication {
  /**
   * Makes the call. If the server requires a new sign-in, shows the dialog, and makes the call again after the sign-in.
   * If the person cancels, returns the first failure.
   */
  readonly withReauthentication: <T>(call: () => Promise<Outcome<T>>) => Promise<Outcome<T>>;
  /** The component that uses the hook has to render it. */
  readonly dialog: ReactNode;
}

/** What the dialog needs while it is open. */
interface OpenDialog {
  readonly person: Session;
  /** Whether the session has ended. */
  readonly expired: boolean;
  /** Called when the dialog closes. */
  readonly answer: (signedIn: boolean) => void;
}

/** Asks the person who is, or was last, signed in on this page to sign in again when the server requires it. */
export function usePasswordDialog(): Reauthentication {
  const state = useSession();
  const last = useRef<Session>(undefined);
  useEffect(() => {
    if (state.status === 'signed-in') last.current = { user: state.user, session: state.session };
  }, [state]);
  const [question, setQuestion] = useState<OpenDialog>();
  const withReauthentication: Reauthentication['withReauthentication'] = async (call) => {
    const first = await call();
    const { failure } = first;
    const person = last.current;
    if (!failure || !person || !(needsPassword(failure) || needsSignIn(failure))) return first;
    const signedIn = await new Promise<boolean>((answer) =>
      setQuestion({ person, expired: needsSignIn(failure), answer }),
    );
    setQuestion(undefined);
    return signedIn ? call() : first;
  };
  return {
    withReauthentication,
    dialog: question && <PasswordDialog {...question} />,
  };
}

function PasswordDialog({ person, expired, answer }: OpenDialog): ReactNode {
  const box = useRef<HTMLDialogElement>(null);
  const title = useId();
  const hasPassword = useHasPassword(person.user.id, !expired) ?? true;
  const [methods, setMethods] = useState<readonly SecondFactorMethod[]>();
  const [hadSecondStep, setHadSecondStep] = useState(false);
  useEffect(() => box.current?.showModal(), []);
  const close = () => box.current?.close(); // returns the focus to the element that had it
  const onSignedIn = async () => {
    await endSession(person.session.token);
    await refreshSession();
    answer(true);
    close();
    return undefined;
  };
  const beginSecondStep = (offered: readonly SecondFactorMethod[]) => {
    setHadSecondStep(true);
    setMethods(offered);
  };
  // The password has ended the old session, so a person who stops at the second step is signed out.
  const onClose = () => {
    answer(false);
    if (hadSecondStep) void refreshSession();
  };
  if (methods) {
    return (
      <dialog ref={box} className={styles.dialog} aria-labelledby={title} onClose={onClose}>
        <SecondFactorHeading id={title} />
        <SecondFactor
          methods={methods}
          onVerified={onSignedIn}
          restart={
            <button type="button" className={styles.restart} onClick={() => setMethods(undefined)}>
              {texts.startAgain()}
            </button>
          }
        />
        <div className={styles.actions}>
          <CancelButton onCancel={close} />
        </div>
      </dialog>
    );
  }
  return (
    <dialog ref={box} className={styles.dialog} aria-labelledby={title} onClose={onClose}>
      <h2 id={title}>
        {hasPassword
          ? translate({ id: 'theme.xenon.again.title', message: 'Enter your password again' })
          : translate({ id: 'theme.xenon.again.title.noPassword', message: 'Sign in again' })}
      </h2>
      {hasPassword && (
        <PasswordForm
          person={person}
          expired={expired}
          onSignedIn={onSignedIn}
          takesFocus={hadSecondStep}
          onSecondFactor={beginSecondStep}
          onCancel={close}
        />
      )}
      <OtherWaysToSignIn person={person} expired={expired} hasPassword={hasPassword} onCancel={close} />
    </dialog>
  );
}

interface FormProps {
  readonly person: Session;
  readonly expired: boolean;
  readonly onSignedIn: () => Promise<undefined>;
  /** Whether the form replaces an element that had the focus. */
  readonly takesFocus: boolean;
  /** Called if the server asks for a second factor after the password. */
  readonly onSecondFactor: (methods: readonly SecondFactorMethod[]) => void;
  readonly onCancel: () => void;
}

function PasswordForm({ person, expired, takesFocus, onSignedIn, onSecondFactor, onCancel }: FormProps): ReactNode {
  const [password, setPassword] = useState('');
  const form = useFocusFirstInput(takesFocus);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const { data, failure } = await signInAgain(person, password);
    if (failure) setPassword('');
    if (failure) return failure;
    const methods = readSecondFactorMethods(data);
    if (!methods) return onSignedIn();
    onSecondFactor(methods);
    return undefined;
  });
  return (
    <form ref={form} onSubmit={onSubmit} method="post">
      <p>
        {expired
          ? translate({
              id: 'theme.xenon.again.expired',
              message: 'You were signed out in the meantime. Nothing is lost: sign in to continue.',
            })
          : translate({
              id: 'theme.xenon.again.why',
              message: 'You signed in a while ago. To protect your account, enter your password again.',
            })}
      </p>
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ password: 'password-again-input' }} />
      <Username email={person.user.email} />
      <PasswordField
        name="password-again-input"
        label={translate(
          { id: 'theme.xenon.again.password', message: 'Password of {email}' },
          { email: person.user.email },
        )}
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
      />
      <div className={styles.actions}>
        <SubmitButton busy={busy} retryInSeconds={retryInSeconds}>
          {translate({ id: 'theme.xenon.again.submit', message: 'Continue' })}
        </SubmitButton>
        <CancelButton onCancel={onCancel} />
      </div>
    </form>
  );
}

interface OtherWaysProps {
  readonly person: Session;
  readonly expired: boolean;
  readonly hasPassword: boolean;
  readonly onCancel: () => void;
}

// Buttons for the linked providers, which open another page. For a person without a password also a link to set one.
function OtherWaysToSignIn({ person, expired, hasPassword, onCancel }: OtherWaysProps): ReactNode {
  const { pathname, hash } = useLocation();
  const linked = useAccounts(person.user.id, !expired)?.data?.map(({ providerId }) => providerId);
  if (hasPassword) return <ProviderButtons start="account" next={pathname + hash} only={linked} />;
  return (
    <>
      <p>
        {translate({
          id: 'theme.xenon.again.why.noPassword',
          message: 'To protect your account, sign in again. Then you come back to this page.',
        })}
      </p>
      <ProviderButtons
        start="account"
        next={pathname + hash}
        only={linked}
        title={translate({ id: 'theme.xenon.again.with', message: 'Use your linked account' })}
      />
      <div className={styles.actions}>
        <Link className="button button--secondary" to={paths.forgotPassword}>
          {translate({ id: 'theme.xenon.again.setPassword', message: 'Set a password by e-mail' })}
        </Link>
        <CancelButton onCancel={onCancel} />
      </div>
    </>
  );
}

function CancelButton({ onCancel }: { readonly onCancel: () => void }): ReactNode {
  return (
    <button type="button" className="button button--secondary" onClick={onCancel}>
      {texts.cancel()}
    </button>
  );
}

/** The heading takes the focus, because the form with the password no longer exists. */
function SecondFactorHeading({ id }: { readonly id: string }): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <h2 ref={heading} id={id} tabIndex={-1} className={styles.title}>
      {texts.secondStep()}
    </h2>
  );
}

// Creates a session with the same lifetime as the old one. It does not fetch the session: if a second factor is needed,
// there is none yet, and the page would replace this dialog by a form to sign in.
function signInAgain({ user, session }: Session, password: string): Promise<Outcome<unknown>> {
  const rememberMe = session.expiresAt.getTime() - session.createdAt.getTime() > shortSessionMs;
  return callAuth((client, fetchOptions) =>
    client.signIn.email({
      email: user.email,
      password,
      rememberMe,
      fetchOptions: { ...fetchOptions, disableSignal: true },
    }),
  );
}

// Ends the old session, so that the list of devices keeps one entry.
async function endSession(token: string): Promise<void> {
  await callAuth((client, fetchOptions) => client.revokeSession({ token, fetchOptions }));
}

// Milliseconds: an hour more than the lifetime of sessions without "remember me", which Better Auth never extends.
const shortSessionMs = 25 * 60 * 60 * 1000;
