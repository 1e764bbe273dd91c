import clsx from 'clsx';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

interface Props {
  /** Also the fragment of `/account/#id`. */
  readonly id: string;
  readonly title: string;
  readonly intro?: ReactNode;
  readonly danger?: boolean;
  readonly children: ReactNode;
}

/** One section of a page with several forms. */
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
