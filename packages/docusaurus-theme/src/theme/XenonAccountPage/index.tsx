import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import useBrokenLinks from '@docusaurus/useBrokenLinks';
import AuthLayout from '@theme/XenonAuthLayout';
import RequireAuth from '@theme/XenonRequireAuth';
import type { Session } from '@xenon-auth/docusaurus-theme/internal/client/authClient';
import { useSession } from '@xenon-auth/docusaurus-theme/internal/client/sessionStore';
import { paths, site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { useProviderResult } from '@xenon-auth/docusaurus-theme/internal/client/useProviderResult';
import { useSearch } from '@xenon-auth/docusaurus-theme/internal/client/useSearch';
import ChangeEmail from '@xenon-auth/docusaurus-theme/internal/components/ChangeEmail';
import ChangePassword from '@xenon-auth/docusaurus-theme/internal/components/ChangePassword';
import DeleteAccount from '@xenon-auth/docusaurus-theme/internal/components/DeleteAccount';
import LinkNote from '@xenon-auth/docusaurus-theme/internal/components/EmailLinkNote';
import NameForm from '@xenon-auth/docusaurus-theme/internal/components/NameForm';
import ProviderError from '@xenon-auth/docusaurus-theme/internal/components/ProviderError';
import ProviderLinked from '@xenon-auth/docusaurus-theme/internal/components/ProviderLinked';
import Sessions from '@xenon-auth/docusaurus-theme/internal/components/Sessions';
import SignInMethods from '@xenon-auth/docusaurus-theme/internal/components/SignInMethods';
import SuccessNotice from '@xenon-auth/docusaurus-theme/internal/components/SuccessNotice';
import TwoStepVerification from '@xenon-auth/docusaurus-theme/internal/components/TwoStepVerification';
import { type ReactNode, useEffect } from 'react';

const sections = ['name', 'email', 'password', 'two-step', 'sign-in-methods', 'sessions', 'delete'];

export default function Account(): ReactNode {
  const state = useSession();
  const result = useProviderResult();
  const isDeleted = new URLSearchParams(useSearch()).has('deleted') && state.status === 'signed-out';
  // The sections are not in the static HTML. Docusaurus would report links to them as broken.
  const links = useBrokenLinks();
  for (const id of sections) links.collectAnchor(id);
  return (
    <AuthLayout
      wide
      title={translate({ id: 'theme.xenon.account.title', message: 'Your account' })}
      description={translate({
        id: 'theme.xenon.account.description',
        message: 'Change your name, e-mail address or password, see your sessions, or delete your account.',
      })}
    >
      {isDeleted ? (
        <AccountDeleted />
      ) : (
        <>
          <LinkNote />
          {result?.error && (
            <ProviderError provider={result.provider} error={result.error} next={paths.account} current="link" />
          )}
          {result && !result.error && <ProviderLinked provider={result.provider} />}
          <RequireAuth>{(user, session) => <Sections key={user.id} user={user} session={session} />}</RequireAuth>
        </>
      )}
    </AuthLayout>
  );
}

function Sections({ user, session }: Session): ReactNode {
  // The section of the URL fragment was not rendered yet when the browser tried to scroll to it.
  useEffect(() => {
    const id = window.location.hash.slice(1);
    if (sections.includes(id)) document.getElementById(id)?.focus();
  }, []);
  return (
    <>
      <NameForm user={user} />
      <ChangeEmail user={user} />
      {site.methods.password && <ChangePassword user={user} />}
      {site.twoFactor && <TwoStepVerification user={user} />}
      <SignInMethods user={user} />
      <Sessions current={session.token} />
      {site.deleteAccount && <DeleteAccount user={user} />}
    </>
  );
}

function AccountDeleted(): ReactNode {
  return (
    <SuccessNotice>
      <p>
        {translate({
          id: 'theme.xenon.account.deleted',
          message: 'Your account is deleted, with everything that belonged to it.',
        })}
      </p>
      <Link to={site.baseUrl}>
        {translate({ id: 'theme.xenon.account.deleted.home', message: 'To the home page' })}
      </Link>
    </SuccessNotice>
  );
}
