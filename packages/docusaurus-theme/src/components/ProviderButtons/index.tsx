import { translate } from '@docusaurus/Translate';
import clsx from 'clsx';
import { type ReactNode, useId, useRef, useState } from 'react';
import { lastProvider } from '../../client/lastProvider';
import type { Provider } from '../../client/providers';
import { type StartPage, signInWithProvider } from '../../client/social';
import { texts } from '../../client/texts';
import { reloadProviders, useProviders } from '../../client/useProviders';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import ProviderLogo from '../ProviderLogo';
import styles from './styles.module.css';

interface Props {
  readonly start: StartPage;
  /** The page to open after the sign-in. */
  readonly next: string;
  /** The ids of the providers to show; default: all that the server is configured for. */
  readonly only?: readonly string[] | undefined;
  /** The text above the buttons, if the page has no form. */
  readonly title?: string;
}

/**
 * A button for each provider. Pages place it below the form: the providers are loaded after the page is shown, and the
 * form must not move at that time. Without providers it renders nothing.
 */
export default function ProviderButtons({ start, next, only, title }: Props): ReactNode {
  const providers = useProviders();
  if (providers?.failure) return <ProvidersNotLoaded />;
  const shown = providers?.data.filter(({ id }) => !only || only.includes(id)) ?? [];
  return (
    shown.length > 0 && <ButtonList providers={shown} start={start} next={next} title={title ?? defaultTitleText()} />
  );
}

function ProvidersNotLoaded(): ReactNode {
  const { busy, onSubmit } = useSubmit(async () => (await reloadProviders()).failure);
  return (
    <div className={styles.loadFailed}>
      <p role="status">
        {translate({ id: 'theme.xenon.providers.loadFailed', message: 'Other ways to sign in could not be loaded.' })}
      </p>
      <button type="button" className="button button--secondary" aria-busy={busy} onClick={onSubmit}>
        {texts.retry()}
      </button>
    </div>
  );
}

interface ButtonsProps {
  readonly providers: readonly Provider[];
  readonly start: StartPage;
  readonly next: string;
  readonly title: string;
}

function ButtonList({ providers, start, next, title }: ButtonsProps): ReactNode {
  const titleId = useId();
  const [last] = useState(lastProvider);
  const [pressed, setPressed] = useState<string>();
  const chosen = useRef('');
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(() => signInWithProvider(chosen.current, start, next));
  const submitProvider = (id: string) => (event: { preventDefault: () => void }) => {
    if (busy) return;
    chosen.current = id;
    setPressed(id);
    onSubmit(event);
  };
  return (
    <section aria-labelledby={titleId} className={styles.providers}>
      <p id={titleId} className={styles.title}>
        {title}
      </p>
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      {providers.map(({ id, name }) => (
        <button
          key={id}
          type="button"
          className={clsx(styles.provider, styles[id])}
          aria-busy={busy && pressed === id}
          aria-disabled={busy || retryInSeconds > 0}
          onClick={submitProvider(id)}
        >
          <ProviderLogo id={id} />
          <span>{busy && pressed === id ? texts.busy() : signInWithText(name)}</span>
          {last === id && (
            <span className={styles.last}>{translate({ id: 'theme.xenon.providers.last', message: 'Last used' })}</span>
          )}
        </button>
      ))}
    </section>
  );
}

function signInWithText(provider: string): string {
  return translate({ id: 'theme.xenon.providers.signIn', message: 'Sign in with {provider}' }, { provider });
}

function defaultTitleText(): string {
  return translate({ id: 'theme.xenon.providers.title', message: 'Or use an account you already have' });
}
