import { type RefObject, useEffect, useRef } from 'react';

/**
 * Moves the focus to the first input of a form, or to its button if it has no input, when the form appears in place of
 * an element that had the focus.
 */
export function useFocusFirstInput(isWanted: boolean): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the form appears
  useEffect(() => {
    if (isWanted) form.current?.querySelector<HTMLElement>('input:not([hidden]), [type=submit]')?.focus();
  }, []);
  return form;
}
