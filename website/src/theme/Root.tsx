import type { ReactNode } from 'react';
import { AuthProvider } from '../auth/AuthContext';

/** Wraps every page, and stays mounted during navigation. */
export default function Root({ children }: { readonly children: ReactNode }): ReactNode {
  return <AuthProvider>{children}</AuthProvider>;
}
