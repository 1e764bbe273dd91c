import type { Props } from '@theme/Details';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

/**
 * The browser's own details element. The element of the Docusaurus theme needs a style attribute, which the
 * Content-Security-Policy blocks.
 */
export default function Details({ summary, children, className, ...rest }: Props): ReactNode {
  return (
    <details className={clsx(styles.details, className)} {...rest}>
      {typeof summary === 'string' ? <summary>{summary}</summary> : summary}
      {children}
    </details>
  );
}
