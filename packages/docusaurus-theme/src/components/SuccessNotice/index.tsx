import { type ReactNode, useEffect, useRef } from 'react';
import { FormNote } from '../FormMessage';
import styles from './styles.module.css';

/** Replaces a form with its result, and takes the focus, so that screen readers read it. */
export default function SuccessNotice({ children }: { readonly children: ReactNode }): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <div ref={box} tabIndex={-1} className={styles.done}>
      <FormNote isLive={false}>{children}</FormNote>
    </div>
  );
}
