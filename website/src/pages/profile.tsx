import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import AuthPage from '../components/AuthPage';
import NewAccountNote from '../components/NewAccountNote';
import ProfileForm from '../components/ProfileForm';
import SignInBlock from '../components/SignInBlock';

export default function Profile(): ReactNode {
  return (
    <AuthPage wide title={translate({ id: 'profile.title', message: 'Your profile' })}>
      <SignInBlock>
        {(user) => (
          <>
            <NewAccountNote email={user.email} />
            <ProfileForm key={user.id} userId={user.id} />
          </>
        )}
      </SignInBlock>
    </AuthPage>
  );
}
