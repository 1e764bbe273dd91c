import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import VisuallyHidden from '../VisuallyHidden';
import styles from './styles.module.css';

/** A placeholder with the size of the content that is loading, so that the layout is stable. */
export default function Skeleton({ lines = 4 }: { readonly lines?: number }): ReactNode {
  const text = translate({ id: 'theme.xenon.skeleton.label', message: 'Loading' });
  return (
    <div className={styles.skeleton} role="status" aria-label={text}>
      <VisuallyHidden>{text}</VisuallyHidden> {/* a status is announced by its text, not by its label */}
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are identical and keep their order
        <i key={line} />
      ))}
    </div>
  );
}
