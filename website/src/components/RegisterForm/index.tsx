import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callApi } from '../../auth/client';
import { toInvalidEmail, verifiedPage } from '../../auth/mails';
import { cookiesBlocked } from '../../auth/useRedirectSignedIn';
import { useSubmit } from '../../auth/useSubmit';
import { fieldError } from '../../lib/errors';
import { withNext } from '../../lib/next';
import { checkPasswordLength } from '../../lib/password';
import Field, { emailInput } from '../Field';
import FormMessage from '../FormMessage';
import PasswordField from '../PasswordField';
import SubmitButton from '../SubmitButton';
import styles from './styles.module.css';

interface Props {
  /** The page to open after the registration. */
  readonly next: string;
  /**
   * Called when the email address has to be verified first. The server gives the same answer for an email address that
   * already has an account.
   */
  readonly onMailed: (email: string) => void;
}

/** Creates an account. If the server creates a session, the client fetches it automatically. */
export default function RegisterForm({ next, onMailed }: Props): ReactNode {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    const failed = checkPasswordLength(password);
    if (failed) return failed;
    const trimmed = email.trim();
    const { data, failure } = await callApi((client, fetchOptions) =>
      client.signUp.email({
        name: name.trim(),
        email: trimmed,
        password,
        callbackURL: verifiedPage(next),
        fetchOptions,
      }),
    );
    if (failure) return toInvalidEmail(failure);
    if (data?.token) return cookiesBlocked();
    onMailed(trimmed);
    return undefined;
  });
  if (failure?.code === 'EMAIL_PASSWORD_SIGN_UP_DISABLED') {
    return (
      <FormMessage failure={failure}>
        <p>
          <Link to={withNext('/login/', next)}>{translate({ id: 'register.signIn', message: 'Sign in' })}</Link>
        </p>
      </FormMessage>
    );
  }
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} wait={wait} fields={{ name: 'name', email: 'email', password: 'password' }}>
        {failure?.code.startsWith('USER_ALREADY_EXISTS') && (
          <p>
            <Link to={withNext('/login/', next)}>{translate({ id: 'register.signIn', message: 'Sign in' })}</Link>
            {' · '}
            <Link to="/forgot-password/">{translate({ id: 'register.reset', message: 'Reset the password' })}</Link>
          </p>
        )}
      </FormMessage>
      <Field
        id="name"
        type="text"
        label={translate({ id: 'form.name', message: 'Name' })}
        autoComplete="name"
        required
        value={name}
        onChange={setName}
      />
      <Field
        {...emailInput}
        id="email"
        label={translate({ id: 'form.email', message: 'E-mail address' })}
        autoComplete="username"
        value={email}
        onChange={setEmail}
        error={fieldError(failure, 'email')}
      />
      <PasswordField
        id="password"
        label={translate({ id: 'form.newPassword', message: 'Password' })}
        autoComplete="new-password"
        about={[name, email]}
        value={password}
        onChange={setPassword}
        error={fieldError(failure, 'password')}
      />
      <p className={styles.terms}>
        {translate({
          id: 'register.terms',
          message:
            'We store your name, your e-mail address and a hash of your password. For each sign-in we also store the IP address and the browser.',
        })}{' '}
        <Link to="/docs/security/">{translate({ id: 'register.terms.more', message: 'How we protect them' })}</Link>
      </p>
      <SubmitButton busy={busy} wait={wait} block>
        {translate({ id: 'register.submit', message: 'Create account' })}
      </SubmitButton>
      <p className={styles.signIn}>
        {translate({ id: 'register.hasAccount', message: 'Already registered?' })}{' '}
        <Link to={withNext('/login/', next)}>{translate({ id: 'register.signIn', message: 'Sign in' })}</Link>
      </p>
    </form>
  );
}
