import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

/** The shape of what is coming, so that nothing moves when it is there. */
export default function Skeleton({ lines = 4 }: { readonly lines?: number }): ReactNode {
  return (
    <div className={styles.skeleton} role="status" aria-label={translate({ id: 'skeleton.label', message: 'Loading' })}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are all alike and never move
        <span key={line} />
      ))}
    </div>
  );
}
