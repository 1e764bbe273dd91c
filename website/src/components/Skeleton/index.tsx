import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

/** A placeholder with the size of the content that is loading, so that the layout is stable. */
export default function Skeleton({ lines = 4 }: { readonly lines?: number }): ReactNode {
  return (
    <div className={styles.skeleton} role="status" aria-label={translate({ id: 'skeleton.label', message: 'Loading' })}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are identical and keep their order
        <span key={line} />
      ))}
    </div>
  );
}
