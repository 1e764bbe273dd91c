import clsx from 'clsx';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

interface Props {
  /** Also where `/account/#id` leads. */
  readonly id: string;
  readonly title: string;
  readonly intro?: ReactNode;
  readonly danger?: boolean;
  readonly children: ReactNode;
}

/** One thing that can be done on a page with several. */
export default function Section({ id, title, intro, danger, children }: Props): ReactNode {
  return (
    <section className={clsx(styles.section, danger && styles.danger)} aria-labelledby={id}>
      <h2 id={id} tabIndex={-1}>
        {title}
      </h2>
      {intro && <p className={styles.intro}>{intro}</p>}
      {children}
    </section>
  );
}
