import Link from '@docusaurus/Link';
import { useLocation } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { callAuth } from '@xenon-auth/docusaurus-theme/internal/client/callAuth';
import { fieldError } from '@xenon-auth/docusaurus-theme/internal/client/errors';
import { forgetProvider } from '@xenon-auth/docusaurus-theme/internal/client/lastProvider';
import { sendVerificationMail } from '@xenon-auth/docusaurus-theme/internal/client/mails';
import { withNext } from '@xenon-auth/docusaurus-theme/internal/client/next';
import { paths, site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import { useFinishSignIn } from '@xenon-auth/docusaurus-theme/internal/client/useFinishSignIn';
import { useSubmit } from '@xenon-auth/docusaurus-theme/internal/client/useSubmit';
import { isLongWait } from '@xenon-auth/docusaurus-theme/internal/client/wait';
import Field, { emailInput } from '@xenon-auth/docusaurus-theme/internal/components/Field';
import FormMessage from '@xenon-auth/docusaurus-theme/internal/components/FormMessage';
import PasswordField from '@xenon-auth/docusaurus-theme/internal/components/PasswordField';
import SendAgain from '@xenon-auth/docusaurus-theme/internal/components/SendAgain';
import SubmitButton from '@xenon-auth/docusaurus-theme/internal/components/SubmitButton';
import { type ReactNode, useState } from 'react';
import styles from './styles.module.css';

interface Props {
  /** The page to open after a registration or a verification of the email; default: the current page. */
  readonly next?: string;
  /** Whether it is the only form of its page. */
  readonly isPage?: boolean;
}

/**
 * Signs a person in with email and password. It then fetches the session, and the parent replaces this form
 * when useSession() has the session.
 */
export default function SignInForm({ next, isPage = false }: Props): ReactNode {
  const { pathname } = useLocation();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [rememberMe, setRememberMe] = useState(true);
  const finishSignIn = useFinishSignIn(next ?? pathname);
  const { busy, failure, retryInSeconds, onSubmit, setFailure } = useSubmit(async () => {
    const { data, failure } = await callAuth((client, fetchOptions) =>
      client.signIn.email({
        email: email.trim(),
        password,
        rememberMe,
        fetchOptions: { ...fetchOptions, disableSignal: true }, // finishSignIn fetches the session
      }),
    );
    if (failure?.code === 'INVALID_EMAIL_OR_PASSWORD') setPassword('');
    if (failure) return failure;
    forgetProvider();
    return finishSignIn(data);
  });
  // Xenon counts wrong passwords for each email, so the wait need not apply to another email.
  const changeEmail = (typed: string) => {
    setEmail(typed);
    if (failure?.status === 429) setFailure(undefined);
  };
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ email: 'email', password: 'password' }}>
        {failure?.code === 'EMAIL_NOT_VERIFIED' && (
          <SendAgain send={() => sendVerificationMail(email.trim(), next ?? pathname)} />
        )}
        {isLongWait(retryInSeconds) && (
          <p>
            {translate({ id: 'theme.xenon.login.limited', message: 'After a password reset you can sign in at once.' })}{' '}
            <Link to={paths.forgotPassword}>{texts.forgotPassword()}</Link>
          </p>
        )}
      </FormMessage>
      <Field
        {...emailInput}
        id={isPage ? 'email' : undefined}
        name="email"
        label={texts.email()}
        autoComplete="username"
        value={email}
        onChange={changeEmail}
        error={fieldError(failure, 'email')}
      />
      <PasswordField
        id={isPage ? 'password' : undefined}
        name="password"
        label={texts.password()}
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
        error={fieldError(failure, 'password')}
      />
      <div className={styles.between}>
        <label className={styles.remember}>
          <input
            type="checkbox"
            name="rememberMe"
            checked={rememberMe}
            onChange={(event) => setRememberMe(event.target.checked)}
          />
          {translate({ id: 'theme.xenon.login.remember', message: 'Keep me signed in' })}
        </label>
        <Link to={paths.forgotPassword}>{texts.forgotPassword()}</Link>
      </div>
      <SubmitButton busy={busy} retryInSeconds={retryInSeconds} block>
        {translate({ id: 'theme.xenon.login.submit', message: 'Sign in' })}
      </SubmitButton>
      {site.signUp && (
        <p className={styles.register}>
          {translate({ id: 'theme.xenon.login.noAccount', message: 'No account yet?' })}{' '}
          <Link to={withNext(paths.register, next ?? pathname)}>{texts.register()}</Link>
        </p>
      )}
    </form>
  );
}
