import type { ReactNode } from 'react';
import styles from './styles.module.css';

/** Words for those who listen to the page, where the others see a shape. */
export default function Unseen({ children }: { readonly children: ReactNode }): ReactNode {
  return <span className={styles.unseen}>{children}</span>;
}
