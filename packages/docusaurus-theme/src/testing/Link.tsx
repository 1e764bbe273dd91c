import type { ReactNode } from 'react';

/** A test double of Docusaurus' Link, which needs a Docusaurus build. */
export default function Link({ to, ...rest }: { readonly to: string; readonly children?: ReactNode }): ReactNode {
  return <a href={to} {...rest} />;
}
