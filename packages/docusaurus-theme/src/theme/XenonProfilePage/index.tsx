import { translate } from '@docusaurus/Translate';
import AuthLayout from '@theme/XenonAuthLayout';
import RequireAuth from '@theme/XenonRequireAuth';
import NewAccountNote from '@xenon-auth/docusaurus-theme/internal/components/NewAccountNote';
import ProfileForm from '@xenon-auth/docusaurus-theme/internal/components/ProfileForm';
import type { ReactNode } from 'react';

export default function Profile(): ReactNode {
  return (
    <AuthLayout
      wide
      title={translate({ id: 'theme.xenon.profile.title', message: 'Your profile' })}
      description={translate({ id: 'theme.xenon.profile.description', message: 'See and change your profile.' })}
    >
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
