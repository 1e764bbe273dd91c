import type { Props } from '@theme/Details';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

/** The browser's own details; the theme's animated ones need a style attribute, which the Content-Security-Policy refuses. */
export default function Details({ summary, children, className, ...rest }: Props): ReactNode {
  return (
    <details className={clsx(styles.details, className)} {...rest}>
      {typeof summary === 'string' ? <summary>{summary}</summary> : summary}
      {children}
    </details>
  );
}
