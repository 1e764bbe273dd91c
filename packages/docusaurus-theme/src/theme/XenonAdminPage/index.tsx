import { translate } from '@docusaurus/Translate';
import AuthLayout from '@theme/XenonAuthLayout';
import RequireAuth from '@theme/XenonRequireAuth';
import { getUser } from '@xenon-auth/docusaurus-theme/internal/client/admin';
import type { Session } from '@xenon-auth/docusaurus-theme/internal/client/authClient';
import { useLoaded } from '@xenon-auth/docusaurus-theme/internal/client/useLoaded';
import { parseUserQuery } from '@xenon-auth/docusaurus-theme/internal/client/userQuery';
import { useSearch } from '@xenon-auth/docusaurus-theme/internal/client/useSearch';
import AdminUser from '@xenon-auth/docusaurus-theme/internal/components/AdminUser';
import AdminUserList from '@xenon-auth/docusaurus-theme/internal/components/AdminUserList';
import { FormNote } from '@xenon-auth/docusaurus-theme/internal/components/FormMessage';
import { type ReactNode, useCallback } from 'react';

/** The users, for administrators: the list, or one user with `?user=ID`. The server checks the rights at each call. */
export default function AdminPage(): ReactNode {
  const search = useSearch() ?? '';
  const query = new URLSearchParams(search);
  const id = query.get('user');
  // One layout for both: its heading takes the focus when the title changes.
  return (
    <AuthLayout
      wide
      title={id ? userTitle() : translate({ id: 'theme.xenon.admin.title', message: 'Users' })}
      description={translate({
        id: 'theme.xenon.admin.description',
        message: 'The users of this site, for administrators.',
      })}
    >
      {query.has('removed') && (
        <FormNote>{translate({ id: 'theme.xenon.admin.removed', message: 'The user is deleted.' })}</FormNote>
      )}
      <RequireAuth>
        {(user, session) =>
          id ? (
            <LoadedUser key={id} id={id} user={user} session={session} />
          ) : (
            <AdminUserList query={parseUserQuery(search)} />
          )
        }
      </RequireAuth>
    </AuthLayout>
  );
}

function userTitle(): string {
  return translate({ id: 'theme.xenon.admin.user.title', message: 'User' });
}

function LoadedUser({ id, user, session }: Session & { readonly id: string }): ReactNode {
  const load = useCallback(() => getUser(id), [id]);
  const { outcome, reload } = useLoaded(load);
  return <AdminUser outcome={outcome} ownId={user.id} ownToken={session.token} reload={reload} />;
}
