import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import type { User } from '../../client/authClient';
import { callAuth } from '../../client/callAuth';
import { texts } from '../../client/texts';
import { useSubmit } from '../../client/useSubmit';
import Field from '../Field';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import Section from '../Section';
import SubmitButton from '../SubmitButton';
import styles from './styles.module.css';

/** Changes the person's name. */
export default function NameForm({ user }: { readonly user: User }): ReactNode {
  const [typed, setTyped] = useState<string>();
  const [saved, setSaved] = useState(false);
  const { withReauthentication, dialog } = usePasswordDialog();
  const name = typed ?? user.name;
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    setSaved(false);
    const { failure } = await withReauthentication(() =>
      callAuth((client, fetchOptions) => client.updateUser({ name: name.trim(), fetchOptions })),
    );
    setSaved(!failure);
    return failure;
  });
  return (
    <Section id="name" title={translate({ id: 'theme.xenon.account.name', message: 'Your name' })}>
      <form onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
        <Field
          name="full-name"
          label={texts.name()}
          autoComplete="name"
          required
          value={name}
          onChange={(value) => {
            setTyped(value);
            setSaved(false);
          }}
        />
        <div className={styles.actions}>
          <SubmitButton busy={busy} retryInSeconds={retryInSeconds}>
            {translate({ id: 'theme.xenon.account.name.submit', message: 'Save name' })}
          </SubmitButton>
          <p role="status">{saved && translate({ id: 'theme.xenon.account.name.saved', message: 'Saved.' })}</p>
        </div>
      </form>
      {dialog}
    </Section>
  );
}
