import { useHistory } from '@docusaurus/router';
import { useNavbarMobileSidebar } from '@docusaurus/theme-common/internal';
import { useEffect, useRef } from 'react';

interface Guard {
  /** Whether there is anything to lose, asked when somebody is about to leave. */
  readonly unsaved: () => boolean;
  /** What is asked before another page of the site is opened; a browser has its own words for leaving the site. */
  readonly question: string;
  /** They leave, and know what it costs. */
  readonly onLeave: () => void;
}

/** Asks before a page is left on which something would be lost. */
export function useLeaveGuard(guard: Guard): void {
  const history = useHistory();
  // The sidebar of small screens guards the back button while it is open, and only the last guard that was set counts.
  const { shown } = useNavbarMobileSidebar();
  const current = useRef(guard);
  useEffect(() => {
    current.current = guard;
  });
  useEffect(() => {
    const unload = (event: BeforeUnloadEvent) => {
      if (current.current.unsaved()) event.preventDefault();
    };
    window.addEventListener('beforeunload', unload);
    return () => window.removeEventListener('beforeunload', unload);
  }, []);
  const active = guard.unsaved();
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    if (!active) return;
    return history.block((to) => {
      const { unsaved, question, onLeave } = current.current;
      if (to.pathname === history.location.pathname || !unsaved()) return;
      if (!window.confirm(question)) return false;
      onLeave();
    });
  }, [history, shown, active]);
}
