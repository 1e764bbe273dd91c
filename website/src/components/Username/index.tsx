import type { ReactNode } from 'react';

/** Tells password managers whose password the form has: they read the input before the password, even a hidden one. */
export default function Username({ email }: { readonly email: string }): ReactNode {
  return <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />;
}
