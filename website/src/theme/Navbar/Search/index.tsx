import type { Props } from '@theme/Navbar/Search';
import type { ReactNode } from 'react';

/** Docusaurus puts the search at the end of a narrow navbar, over the account menu. Here it is one of the items. */
export default function NavbarSearch({ children }: Props): ReactNode {
  return children;
}
