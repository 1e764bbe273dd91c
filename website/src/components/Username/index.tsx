import type { ReactNode } from 'react';

/** Whose password a form is about, for password managers: they look for an input before the password, seen or not. */
export default function Username({ email }: { readonly email: string }): ReactNode {
  return <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />;
}
