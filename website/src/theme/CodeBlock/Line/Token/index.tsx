import type { Props } from '@theme/CodeBlock/Line/Token';
import type { ReactNode } from 'react';

/** A token without the highlighter's style attribute on empty lines, which the Content-Security-Policy blocks. */
export default function CodeBlockLineToken({ className, children }: Props): ReactNode {
  return <span className={className}>{children}</span>;
}
