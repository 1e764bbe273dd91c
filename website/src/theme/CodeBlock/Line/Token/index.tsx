import type { Props } from '@theme/CodeBlock/Line/Token';
import type { ReactNode } from 'react';

/** A token with its classes alone: the style that the highlighter gives to empty lines is refused by the Content-Security-Policy. */
export default function CodeBlockLineToken({ className, children }: Props): ReactNode {
  return <span className={className}>{children}</span>;
}
