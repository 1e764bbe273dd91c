import { type ReactNode, useRef, useState } from 'react';
import styles from './styles.module.css';

/** A line that tells what an action has done. */
export interface ResultNote {
  /** The component that uses the hook has to render it. */
  readonly note: ReactNode;
  /** Shows a text and moves the focus to it, because the button that was pressed may no longer exist. */
  readonly show: (text: string) => void;
  readonly clear: () => void;
}

/** Screen readers read the line because of the focus, so it is not a live region too. */
export function useResultNote(): ResultNote {
  const [text, setText] = useState('');
  const box = useRef<HTMLParagraphElement>(null);
  return {
    note: (
      <p ref={box} role="status" aria-live="off" tabIndex={-1} className={styles.note}>
        {text}
      </p>
    ),
    show: (result) => {
      setText(result);
      box.current?.focus();
    },
    clear: () => setText(''),
  };
}
