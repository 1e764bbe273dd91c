import { useHistory } from '@docusaurus/router';
import { useNavbarMobileSidebar } from '@docusaurus/theme-common/internal';
import { useEffect, useRef } from 'react';

interface Guard {
  /** Whether there are unsaved changes. Called when the person is about to leave the page. */
  readonly unsaved: () => boolean;
  /**
   * The question before another page of this site opens. Before another site opens, the browser asks its own question.
   */
  readonly question: string;
  /** Called when the person confirms that the changes are lost, and leaves. */
  readonly onLeave: () => void;
}

/** Asks for confirmation before the person leaves a page with unsaved changes. */
export function useLeaveGuard(guard: Guard): void {
  const history = useHistory();
  // The mobile sidebar blocks the history while it is open, and only the last block that was set is active.
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shown` sets the block again after the sidebar has closed
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
