import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callApi } from '../../auth/client';
import { useSubmit } from '../../auth/useSubmit';
import type { User } from '../../lib/authClient';
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
  const { withConfirmation, dialog } = usePasswordDialog();
  const name = typed ?? user.name;
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    setSaved(false);
    const { failure } = await withConfirmation(() =>
      callApi((client, fetchOptions) => client.updateUser({ name: name.trim(), fetchOptions })),
    );
    setSaved(!failure);
    return failure;
  });
  return (
    <Section id="name" title={translate({ id: 'account.name', message: 'Your name' })}>
      <form onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} wait={wait} />
        <Field
          id="full-name"
          label={translate({ id: 'form.name', message: 'Name' })}
          autoComplete="name"
          required
          value={name}
          onChange={(value) => {
            setTyped(value);
            setSaved(false);
          }}
        />
        <div className={styles.actions}>
          <SubmitButton busy={busy} wait={wait}>
            {translate({ id: 'account.name.submit', message: 'Save name' })}
          </SubmitButton>
          <p role="status">{saved && translate({ id: 'account.name.saved', message: 'Saved.' })}</p>
        </div>
      </form>
      {dialog}
    </Section>
  );
}
