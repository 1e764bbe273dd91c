import { useHistory } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callAdmin, type ManagedUser } from '../../client/admin';
import { paths } from '../../client/site';
import { useSubmit } from '../../client/useSubmit';
import Field from '../Field';
import FormMessage from '../FormMessage';
import Section from '../Section';
import SubmitButton from '../SubmitButton';

/** Deletes a user, after the administrator has typed the email. Then it opens the list. */
export default function RemoveSection({ user }: { readonly user: ManagedUser }): ReactNode {
  const history = useHistory();
  const [typed, setTyped] = useState('');
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    if (typed.trim().toLowerCase() !== user.email.toLowerCase()) return { code: 'NOT_CONFIRMED', status: 0 };
    const { failure } = await callAdmin((admin, fetchOptions) => admin.removeUser({ userId: user.id, fetchOptions }));
    if (!failure) history.replace(`${paths.admin}?removed=yes`);
    return failure;
  });
  const isUnconfirmed = failure?.code === 'NOT_CONFIRMED';
  return (
    <Section
      id="remove"
      danger
      title={translate({ id: 'theme.xenon.admin.remove', message: 'Delete the user' })}
      intro={translate({
        id: 'theme.xenon.admin.remove.intro',
        message: 'The account, its sessions and its ways to sign in are deleted at once. This cannot be undone.',
      })}
    >
      <form onSubmit={onSubmit} method="post">
        {!isUnconfirmed && <FormMessage failure={failure} retryInSeconds={retryInSeconds} />}
        <Field
          name="remove-confirm"
          type="text"
          label={translate(
            { id: 'theme.xenon.admin.remove.confirm', message: 'Type {email} to confirm' },
            { email: user.email },
          )}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          value={typed}
          onChange={setTyped}
          error={
            isUnconfirmed
              ? translate({
                  id: 'theme.xenon.admin.remove.unconfirmed',
                  message: 'This is not the address of the user.',
                })
              : undefined
          }
        />
        <SubmitButton danger busy={busy} retryInSeconds={retryInSeconds}>
          {translate({ id: 'theme.xenon.admin.remove.submit', message: 'Delete the user' })}
        </SubmitButton>
      </form>
    </Section>
  );
}
