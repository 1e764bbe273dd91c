import Link from '@docusaurus/Link';
import { useLocation } from '@docusaurus/router';
import { withNext } from '@xenon-auth/docusaurus-theme/internal/client/next';
import { useSession } from '@xenon-auth/docusaurus-theme/internal/client/sessionStore';
import { paths, site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import { texts } from '@xenon-auth/docusaurus-theme/internal/client/texts';
import ImpersonationBanner from '@xenon-auth/docusaurus-theme/internal/components/ImpersonationBanner';
import { type ReactNode, useEffect, useRef } from 'react';
import Links from './Links';
import Menu from './Menu';
import styles from './styles.module.css';

interface Props {
  /** Renders list items for the mobile sidebar. */
  readonly mobile?: boolean;
  /** Closes the mobile sidebar. */
  readonly onClick?: (() => void) | undefined;
}

/** The account menu, or the sign-in link, in the navbar. Its width does not change when the session becomes known. */
export default function AccountMenu({ mobile, onClick }: Props): ReactNode {
  return mobile ? <SidebarItems onClick={onClick} /> : <MenuOrSignInLink />;
}

function MenuOrSignInLink(): ReactNode {
  const state = useSession();
  const signIn = useRef<HTMLDivElement>(null);
  const hadFocus = useRef(false);
  // After a sign-out in this menu the focus moves to the sign-in link, so that keyboard users stay at this place.
  useEffect(() => {
    if (state.status === 'signed-out' && hadFocus.current) signIn.current?.querySelector('a')?.focus();
    hadFocus.current = false;
  }, [state.status]);
  return (
    <div ref={signIn} className={styles.slot} data-account={state.status}>
      {state.status === 'pending' && <span className={styles.pending} />}
      {state.status === 'signed-in' && (
        <Menu
          name={state.user.name}
          email={state.user.email}
          onSignedOut={() => {
            hadFocus.current = true;
          }}
        />
      )}
      {site.admin && state.session?.impersonatedBy && (
        <ImpersonationBanner name={state.user.name} email={state.user.email} userId={state.user.id} />
      )}
      {(state.status === 'signed-out' || state.status === 'unreachable') && (
        <SignInLink className="button button--primary button--sm" />
      )}
    </div>
  );
}

function SidebarItems({ onClick }: Pick<Props, 'onClick'>): ReactNode {
  const state = useSession();
  if (state.status === 'pending') return null;
  if (state.status === 'signed-in') {
    return (
      <>
        <li className={styles.person}>
          <strong>{state.user.name}</strong>
          <span>{state.user.email}</span>
        </li>
        <Links itemClass="menu__list-item" linkClass="menu__link" onDone={onClick} />
      </>
    );
  }
  return (
    <li className="menu__list-item">
      <SignInLink className="menu__link" onClick={onClick} />
    </li>
  );
}

interface SignInProps {
  readonly className: string;
  readonly onClick?: (() => void) | undefined;
}

function SignInLink({ className, onClick }: SignInProps): ReactNode {
  const { pathname } = useLocation();
  return (
    <Link className={className} to={withNext(paths.login, pathname)} onClick={onClick}>
      {texts.signIn()}
    </Link>
  );
}
