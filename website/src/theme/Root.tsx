import type { ReactNode } from 'react';
import { AuthProvider } from '../auth/AuthContext';

/** Stands above every page and stays there while people move between them. */
export default function Root({ children }: { readonly children: ReactNode }): ReactNode {
  return <AuthProvider>{children}</AuthProvider>;
}
