import type { ReactNode } from 'react';

/** Docusaurus' Link without the build that it needs. */
export default function Link({ to, ...rest }: { readonly to: string; readonly children?: ReactNode }): ReactNode {
  return <a href={to} {...rest} />;
}
