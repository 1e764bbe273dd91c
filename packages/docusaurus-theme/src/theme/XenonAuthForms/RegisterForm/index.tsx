import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { callAuth } from '@xenon-auth/docusaurus-theme/internal/client/callAuth';
import { fieldError } from '@xenon-auth/docusaurus-theme/internal/client/errors';
import { toInvalidEmail, verifiedPage } from '@xenon-auth/docusaurus-theme/internal/client/mails';
import { withNext } from '@xenon-auth/docusaurus-theme/internal/client/next';
import { checkPasswordLength } from '@xenon-auth/docusaurus-theme/internal/client/password';
import { paths, site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import { confirmSession } from '@xenon-auth/docusaurus-theme/internal/client/useRedirectIfSignedIn';
import { useSubmit } from '@xenon-auth/docusaurus-theme/internal/client/useSubmit';
import Field, { emailInput } from '@xenon-auth/docusaurus-theme/internal/components/Field';
import FormMessage from '@xenon-auth/docusaurus-theme/internal/components/FormMessage';
import PasswordField from '@xenon-auth/docusaurus-theme/internal/components/PasswordField';
import SubmitButton from '@xenon-auth/docusaurus-theme/internal/components/SubmitButton';
import { type ReactNode, useState } from 'react';
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

/** Creates an account, and fetches the session if the server has created one. */
export default function RegisterForm({ next, onMailed }: Props): ReactNode {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const failed = checkPasswordLength(password);
    if (failed) return failed;
    const trimmed = email.trim();
    const { data, failure } = await callAuth((client, fetchOptions) =>
      client.signUp.email({
        name: name.trim(),
        email: trimmed,
        password,
        callbackURL: verifiedPage(next),
        fetchOptions: { ...fetchOptions, disableSignal: true }, // confirmSession fetches the session
      }),
    );
    if (failure) return toInvalidEmail(failure);
    if (data?.token) return confirmSession();
    onMailed(trimmed);
    return undefined;
  });
  if (!site.signUp || failure?.code === 'EMAIL_PASSWORD_SIGN_UP_DISABLED') {
    return (
      <FormMessage failure={failure ?? { code: 'EMAIL_PASSWORD_SIGN_UP_DISABLED', status: 0 }}>
        <p>
          <Link to={withNext(paths.login, next)}>{texts.signIn()}</Link>
        </p>
      </FormMessage>
    );
  }
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage
        failure={failure}
        retryInSeconds={retryInSeconds}
        fields={{ name: 'name', email: 'email', password: 'password' }}
      >
        {failure?.code.startsWith('USER_ALREADY_EXISTS') && (
          <p>
            <Link to={withNext(paths.login, next)}>{texts.signIn()}</Link>
            {' · '}
            <Link to={paths.forgotPassword}>
              {translate({ id: 'theme.xenon.register.reset', message: 'Reset the password' })}
            </Link>
          </p>
        )}
      </FormMessage>
      <Field
        id="name"
        name="name"
        type="text"
        label={texts.name()}
        autoComplete="name"
        required
        value={name}
        onChange={setName}
      />
      <Field
        {...emailInput}
        id="email"
        name="email"
        label={texts.email()}
        autoComplete="username"
        value={email}
        onChange={setEmail}
        error={fieldError(failure, 'email')}
      />
      <PasswordField
        id="password"
        name="password"
        label={texts.password()}
        autoComplete="new-password"
        about={[name, email]}
        value={password}
        onChange={setPassword}
        error={fieldError(failure, 'password')}
      />
      <p className={styles.terms}>
        {translate({
          id: 'theme.xenon.register.terms',
          message:
            'We store your name, your e-mail address and a hash of your password. For each sign-in we also store the IP address and the browser.',
        })}
        {site.privacyLink && (
          <>
            {' '}
            <Link to={site.privacyLink}>
              {translate({ id: 'theme.xenon.register.privacy', message: 'How we protect them' })}
            </Link>
          </>
        )}
        {site.termsLink && (
          <>
            {' '}
            <Link to={site.termsLink}>
              {translate({
                id: 'theme.xenon.register.terms.link',
                message: 'By creating an account you accept our terms.',
              })}
            </Link>
          </>
        )}
      </p>
      <SubmitButton busy={busy} retryInSeconds={retryInSeconds} block>
        {translate({ id: 'theme.xenon.register.submit', message: 'Create account' })}
      </SubmitButton>
      <p className={styles.signIn}>
        {translate({ id: 'theme.xenon.register.hasAccount', message: 'Already registered?' })}{' '}
        <Link to={withNext(paths.login, next)}>{texts.signIn()}</Link>
      </p>
    </form>
  );
}
