import { translate } from '@docusaurus/Translate';
import AuthLayout from '@theme/XenonAuthLayout';
import RequireAuth from '@theme/XenonRequireAuth';
import type { ReactNode } from 'react';
import NewAccountNote from '../../components/NewAccountNote';
import ProfileForm from '../../components/ProfileForm';

export default function Profile(): ReactNode {
  return (
    <AuthLayout wide title={translate({ id: 'theme.xenon.profile.title', message: 'Your profile' })}>
      <RequireAuth>
        {(user) => (
          <>
            <NewAccountNote email={user.email} />
            <ProfileForm key={user.id} userId={user.id} />
          </>
        )}
      </RequireAuth>
    </AuthLayout>
  );
}
