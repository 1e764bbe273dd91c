import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { User } from '../../client/authClient';
import { callAuth } from '../../client/callAuth';
import { describeFailure } from '../../client/errors';
import type { Failure, Outcome } from '../../client/failure';
import { type SignInMethod, signInMethods } from '../../client/signInMethods';
import { linkProvider } from '../../client/social';
import { texts } from '../../client/texts';
import { reloadAccounts, useAccounts } from '../../client/useAccounts';
import { useProviders } from '../../client/useProviders';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import Section from '../Section';
import Row from './Row';
import styles from './styles.module.css';

const id = 'sign-in-methods';

/**
 * Lists the ways in which the person can sign in, and links and unlinks providers. It renders nothing while it is
 * loading, and if there are no providers and the only account is the password.
 */
export default function SignInMethods({ user }: { readonly user: User }): ReactNode {
  const accounts = useAccounts(user.id);
  const providers = useProviders();
  const { withReauthentication, dialog } = usePasswordDialog();
  const [isShown, setShown] = useState(false);
  // Moves to this section if the URL's fragment names it: the browser tried before the section was rendered.
  useEffect(() => {
    if (isShown && window.location.hash === `#${id}`) document.getElementById(id)?.focus();
  }, [isShown]);
  if (!accounts || !providers) return null;
  const methods = signInMethods(accounts.data ?? [], providers.data ?? []);
  // After the section was shown once, it stays, because it contains the note about the removed account.
  if (!isShown && methods.some(({ name }) => name !== undefined)) setShown(true);
  if (!isShown) return null;
  return (
    <Section
      id={id}
      title={translate({ id: 'theme.xenon.account.methods', message: 'Ways to sign in' })}
      intro={translate({
        id: 'theme.xenon.account.methods.intro',
        message: 'Link an account that you have elsewhere, and sign in with it.',
      })}
    >
      {accounts.failure ? (
        <SignInMethodsNotLoaded
          failure={accounts.failure}
          onRetry={() => withReauthentication(() => reloadAccounts(user.id))}
        />
      ) : (
        <SignInMethodList
          methods={methods}
          unlink={(accountId) => withReauthentication(() => unlink(user.id, accountId))}
          link={(provider) => linkProvider(provider, withReauthentication)}
        />
      )}
      {dialog}
    </Section>
  );
}

// Unlinks an account and loads the list again. It also does so after status 400, the answer for the last account and
// for an account that does not exist: then another tab has changed the accounts.
async function unlink(userId: string, accountId: string): Promise<Outcome<unknown>> {
  const outcome = await callAuth((client, fetchOptions) => client.unlinkAccount({ accountId, fetchOptions }));
  if (!outcome.failure || outcome.failure.status === 400) await reloadAccounts(userId);
  return outcome.failure?.code === 'ACCOUNT_NOT_FOUND' ? { data: null } : outcome;
}

function SignInMethodsNotLoaded({
  failure,
  onRetry,
}: {
  readonly failure: Failure;
  readonly onRetry: () => void;
}): ReactNode {
  return (
    <>
      <p role="alert">{describeFailure(failure).message}</p>
      <button type="button" className="button button--secondary" onClick={onRetry}>
        {texts.retry()}
      </button>
    </>
  );
}

interface ListProps {
  readonly methods: readonly SignInMethod[];
  readonly unlink: (accountId: string) => Promise<Outcome<unknown>>;
  readonly link: (provider: string) => Promise<Failure | undefined>;
}

function SignInMethodList({ methods, unlink, link }: ListProps): ReactNode {
  const [removed, setRemoved] = useState('');
  const [pressed, setPressed] = useState<SignInMethod>();
  const note = useRef<HTMLParagraphElement>(null);
  const chosen = useRef<SignInMethod>(undefined);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const method = chosen.current;
    setRemoved('');
    if (!method?.account) return method && link(method.providerId);
    const outcome = await unlink(method.account.id);
    if (outcome.failure) return outcome.failure;
    setRemoved(
      translate(
        { id: 'theme.xenon.account.methods.removed', message: 'Removed. You can no longer sign in with {provider}.' },
        { provider: method.name ?? '' },
      ),
    );
    note.current?.focus(); // the pressed button no longer exists
    return undefined;
  });
  const submitMethod = (method: SignInMethod) => (event: { preventDefault: () => void }) => {
    if (busy) return;
    chosen.current = method;
    setPressed(method);
    onSubmit(event);
  };
  const hasUnremovableAccount = methods.some(({ name, account, isRemovable }) => name && account && !isRemovable);
  return (
    <>
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      <p ref={note} role="status" aria-live="off" tabIndex={-1} className={styles.removed}>
        {removed}
      </p>
      <ul className={styles.list}>
        {methods.map((method) => (
          <Row
            key={method.account?.id ?? method.providerId}
            method={method}
            busy={busy && pressed?.providerId === method.providerId && pressed.account?.id === method.account?.id}
            disabled={busy || retryInSeconds > 0}
            onPress={submitMethod(method)}
          />
        ))}
      </ul>
      {hasUnremovableAccount && (
        <p className={styles.hint}>
          {translate({
            id: 'theme.xenon.account.methods.only',
            message: 'You cannot remove your only way to sign in. Set a password or link another account first.',
          })}
        </p>
      )}
    </>
  );
}
