import { translate } from '@docusaurus/Translate';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import type { ReactNode } from 'react';
import { formatTime } from '../../client/formatTime';
import type { SignInMethod } from '../../client/signInMethods';
import { texts } from '../../client/texts';
import ProviderLogo from '../ProviderLogo';
import styles from './styles.module.css';

interface Props {
  readonly method: SignInMethod;
  readonly busy: boolean;
  /** Whether the button does nothing now: another call is running, or the server has answered 429. */
  readonly disabled: boolean;
  readonly onPress: (event: { preventDefault: () => void }) => void;
}

/** One way to sign in, with a button to link or to remove it. */
export default function Row({ method, busy, disabled, onPress }: Props): ReactNode {
  const { name, account, isRemovable, providerId } = method;
  const label = name ?? texts.password();
  return (
    <li className={styles.row}>
      <ProviderLogo id={providerId} />
      <div className={styles.about}>
        <p>
          <strong>{label}</strong>
        </p>
        <p className={styles.facts}>
          <MethodFacts method={method} />
        </p>
      </div>
      {(isRemovable || !account) && (
        <button
          type="button"
          className="button button--secondary button--sm"
          aria-label={account ? removeLabel(label) : linkLabel(label)}
          aria-busy={busy}
          aria-disabled={disabled}
          onClick={onPress}
        >
          {busy ? texts.busy() : account ? removeText() : linkText()}
        </button>
      )}
    </li>
  );
}

function MethodFacts({ method: { name, account, isOffered } }: { readonly method: SignInMethod }): ReactNode {
  const language = useDocusaurusContext().i18n.currentLocale;
  if (!account) return translate({ id: 'theme.xenon.account.methods.notLinked', message: 'Not linked' });
  if (!isOffered)
    return translate({
      id: 'theme.xenon.account.methods.notOffered',
      message: 'Linked, but this site no longer offers it',
    });
  const { relative, exact } = formatTime(account.createdAt, new Date(), language);
  return (
    <time dateTime={account.createdAt.toISOString()} title={exact}>
      {name
        ? translate({ id: 'theme.xenon.account.methods.linked', message: 'Linked {day}' }, { day: relative })
        : translate({ id: 'theme.xenon.account.methods.set', message: 'Set {day}' }, { day: relative })}
    </time>
  );
}

const removeText = () => translate({ id: 'theme.xenon.account.methods.remove', message: 'Remove' });
const linkText = () => translate({ id: 'theme.xenon.account.methods.link', message: 'Link' });
const removeLabel = (provider: string) =>
  translate({ id: 'theme.xenon.account.methods.remove.label', message: 'Remove {provider}' }, { provider });
const linkLabel = (provider: string) =>
  translate({ id: 'theme.xenon.account.methods.link.label', message: 'Link {provider}' }, { provider });
