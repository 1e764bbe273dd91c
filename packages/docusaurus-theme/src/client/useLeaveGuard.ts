import { useHistory } from '@docusaurus/router';
import { useNavbarMobileSidebar } from '@docusaurus/theme-common/internal';
import { useEffect, useRef } from 'react';

interface Guard {
  /** Whether there are unsaved changes. Called at each render, and when the person is about to leave the page. */
  readonly hasUnsavedChanges: () => boolean;
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
    const askBeforeUnload = (event: BeforeUnloadEvent) => {
      if (current.current.hasUnsavedChanges()) event.preventDefault();
    };
    window.addEventListener('beforeunload', askBeforeUnload);
    return () => window.removeEventListener('beforeunload', askBeforeUnload);
  }, []);
  const active = guard.hasUnsavedChanges();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shown` sets the block again after the sidebar has closed
  useEffect(() => {
    if (!active) return;
    return history.block((to) => {
      const { hasUnsavedChanges, question, onLeave } = current.current;
      if (to.pathname === history.location.pathname || !hasUnsavedChanges()) return;
      if (!window.confirm(question)) return false;
      onLeave();
    });
  }, [history, shown, active]);
}
