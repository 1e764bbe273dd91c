import { useLocation } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import VisuallyHidden from '@xenon-auth/docusaurus-theme/internal/components/VisuallyHidden';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { initials } from './initials';
import Links from './Links';
import styles from './styles.module.css';

interface Props {
  readonly name: string;
  readonly email: string;
  /** Called after the person has signed out with this menu. */
  readonly onSignedOut: () => void;
}

/** A button with the person's initials that shows and hides a list of links. Tab moves through the list. */
export default function Menu({ name, email, onSignedOut }: Props): ReactNode {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: navigation to another page closes the menu
  useEffect(() => setOpen(false), [pathname]);
  useEffect(() => {
    if (!open) return;
    const onOutside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener('pointerdown', onOutside);
    document.addEventListener('focusin', onOutside);
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('pointerdown', onOutside);
      document.removeEventListener('focusin', onOutside);
      document.removeEventListener('keydown', onKey);
    };
  }, [open]);
  return (
    <div ref={box}>
      <button
        ref={button}
        type="button"
        className={styles.avatar}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <span aria-hidden="true">{initials(name || email)}</span>
        <VisuallyHidden>
          {translate({ id: 'theme.xenon.account.menu', message: 'Account of {name}' }, { name: name || email })}
        </VisuallyHidden>
      </button>
      <div id={id} className={styles.menu} hidden={!open}>
        <p className={styles.who}>
          <strong>{name}</strong>
          <span>{email}</span>
        </p>
        <ul>
          <Links onDone={() => setOpen(false)} onSignedOut={onSignedOut} />
        </ul>
      </div>
    </div>
  );
}
