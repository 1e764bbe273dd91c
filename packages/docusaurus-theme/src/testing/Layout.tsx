import type { ReactNode } from 'react';

/** A test double of the layout of the classic theme. */
export default function Layout({ children }: { readonly children: ReactNode }): ReactNode {
  return children;
}
