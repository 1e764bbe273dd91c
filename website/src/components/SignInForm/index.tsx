import Link from '@docusaurus/Link';
import { useLocation } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callApi } from '../../auth/client';
import { sendVerificationMail } from '../../auth/mails';
import { cookiesBlocked } from '../../auth/useRedirectSignedIn';
import { useSubmit } from '../../auth/useSubmit';
import { fieldError } from '../../lib/errors';
import { forgetProvider } from '../../lib/lastProvider';
import { withNext } from '../../lib/next';
import { isLong } from '../../lib/wait';
import Field, { emailInput } from '../Field';
import FormMessage from '../FormMessage';
import PasswordField from '../PasswordField';
import SendAgain from '../SendAgain';
import SubmitButton from '../SubmitButton';
import styles from './styles.module.css';

interface Props {
  /** The page to open after a registration or a verification of the email; default: the current page. */
  readonly next?: string;
}

/**
 * Signs a person in with email and password. The client then fetches the session by itself, and the parent
 * replaces this form when useAuth() has the session.
 */
export default function SignInForm({ next }: Props): ReactNode {
  const { pathname } = useLocation();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [rememberMe, setRememberMe] = useState(true);
  const { busy, failure, wait, onSubmit, setFailure } = useSubmit(async () => {
    const { failure } = await callApi((client, fetchOptions) =>
      client.signIn.email({ email: email.trim(), password, rememberMe, fetchOptions }),
    );
    if (failure?.code === 'INVALID_EMAIL_OR_PASSWORD') setPassword('');
    if (failure) return failure;
    forgetProvider();
    return cookiesBlocked();
  });
  // The server counts wrong passwords for each email, so the wait does not apply to another email.
  const changeEmail = (typed: string) => {
    setEmail(typed);
    if (failure?.status === 429) setFailure(undefined);
  };
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} wait={wait} fields={{ email: 'email', password: 'password' }}>
        {failure?.code === 'EMAIL_NOT_VERIFIED' && (
          <SendAgain send={() => sendVerificationMail(email.trim(), next ?? pathname)} />
        )}
        {isLong(wait) && (
          <p>
            {translate({ id: 'login.limited', message: 'After a password reset you can sign in at once.' })}{' '}
            <Link to="/forgot-password/">{translate({ id: 'login.forgot', message: 'Forgot your password?' })}</Link>
          </p>
        )}
      </FormMessage>
      <Field
        {...emailInput}
        id="email"
        label={translate({ id: 'form.email', message: 'E-mail address' })}
        autoComplete="username"
        value={email}
        onChange={changeEmail}
        error={fieldError(failure, 'email')}
      />
      <PasswordField
        id="password"
        label={translate({ id: 'form.password', message: 'Password' })}
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
          {translate({ id: 'login.remember', message: 'Keep me signed in' })}
        </label>
        <Link to="/forgot-password/">{translate({ id: 'login.forgot', message: 'Forgot your password?' })}</Link>
      </div>
      <SubmitButton busy={busy} wait={wait} block>
        {translate({ id: 'login.submit', message: 'Sign in' })}
      </SubmitButton>
      <p className={styles.register}>
        {translate({ id: 'login.noAccount', message: 'No account yet?' })}{' '}
        <Link to={withNext('/register/', next ?? pathname)}>
          {translate({ id: 'login.register', message: 'Register' })}
        </Link>
      </p>
    </form>
  );
}
