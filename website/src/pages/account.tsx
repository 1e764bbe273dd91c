import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import useBrokenLinks from '@docusaurus/useBrokenLinks';
import { type ReactNode, useEffect } from 'react';
import { useAuth } from '../auth/AuthContext';
import { useProviderResult } from '../auth/useProviderResult';
import { useSearch } from '../auth/useSearch';
import AuthPage from '../components/AuthPage';
import ChangeEmail from '../components/ChangeEmail';
import LinkNote from '../components/ChangeEmail/LinkNote';
import ChangePassword from '../components/ChangePassword';
import DeleteAccount from '../components/DeleteAccount';
import FormResult from '../components/FormResult';
import NameForm from '../components/NameForm';
import ProviderError from '../components/ProviderError';
import ProviderLinked from '../components/ProviderLinked';
import Sessions from '../components/Sessions';
import SignInBlock from '../components/SignInBlock';
import SignInMethods from '../components/SignInMethods';
import type { Session } from '../lib/authClient';

const sections = ['name', 'email', 'password', 'sign-in-methods', 'sessions', 'delete'];

export default function Account(): ReactNode {
  const { state } = useAuth();
  const result = useProviderResult();
  const isDeleted = new URLSearchParams(useSearch()).has('deleted') && state.status === 'signed-out';
  // The sections are not in the static HTML. Docusaurus would report links to them as broken.
  const links = useBrokenLinks();
  for (const id of sections) links.collectAnchor(id);
  return (
    <AuthPage wide title={translate({ id: 'account.title', message: 'Your account' })}>
      {isDeleted ? (
        <Deleted />
      ) : (
        <>
          <LinkNote />
          {result?.error && (
            <ProviderError provider={result.provider} error={result.error} next="/account/" current="link" />
          )}
          {result && !result.error && <ProviderLinked provider={result.provider} />}
          <SignInBlock>{(user, session) => <Sections key={user.id} user={user} session={session} />}</SignInBlock>
        </>
      )}
    </AuthPage>
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
      <ChangePassword user={user} />
      <SignInMethods user={user} />
      <Sessions current={session.token} />
      <DeleteAccount user={user} />
    </>
  );
}

function Deleted(): ReactNode {
  return (
    <FormResult>
      <p>
        {translate({
          id: 'account.deleted',
          message: 'Your account is deleted, with everything that belonged to it.',
        })}
      </p>
      <Link to="/">{translate({ id: 'account.deleted.home', message: 'To the home page' })}</Link>
    </FormResult>
  );
}
