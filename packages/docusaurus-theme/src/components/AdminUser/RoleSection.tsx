import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callAdmin, type ManagedUser } from '../../client/admin';
import { administratorRole } from '../../client/roles';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import { useResultNote } from '../ResultNote';
import Section from '../Section';
import SelectField from '../SelectField';
import SubmitButton from '../SubmitButton';

interface Props {
  readonly user: ManagedUser;
  readonly reload: () => Promise<unknown>;
}

const defaultRole = 'user';

/** Changes the role of a user. Roles that the theme does not know are kept until another is chosen. */
export default function RoleSection({ user, reload }: Props): ReactNode {
  const current = user.role || defaultRole;
  const [role, setRole] = useState(current);
  const { note, show, clear } = useResultNote();
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    clear();
    const { failure } = await callAdmin((admin, fetchOptions) =>
      // The type has only the two roles that the plugin has by default; the server accepts any text.
      admin.setRole({ userId: user.id, role: role as typeof administratorRole, fetchOptions }),
    );
    if (failure) return failure;
    await reload();
    show(translate({ id: 'theme.xenon.admin.role.saved', message: 'The role is saved.' }));
    return undefined;
  });
  const roles = [...new Set([defaultRole, administratorRole, current])];
  return (
    <Section id="role" title={translate({ id: 'theme.xenon.admin.role', message: 'Role' })}>
      <form onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
        {note}
        <SelectField
          name="role"
          label={translate({ id: 'theme.xenon.admin.role.label', message: 'Role of the user' })}
          options={roles.map((value) => ({ value, label: roleText(value) }))}
          value={role}
          onChange={setRole}
        />
        <SubmitButton busy={busy} retryInSeconds={retryInSeconds} secondary>
          {translate({ id: 'theme.xenon.admin.role.submit', message: 'Save the role' })}
        </SubmitButton>
      </form>
    </Section>
  );
}

function roleText(role: string): string {
  if (role === administratorRole) return translate({ id: 'theme.xenon.admin.role.admin', message: 'Administrator' });
  return role === defaultRole ? translate({ id: 'theme.xenon.admin.role.user', message: 'User' }) : role;
}
