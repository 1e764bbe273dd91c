import type { ReactNode } from 'react';

/** A hidden input with the user name for password managers, which read the input before the password. */
export default function Username({ email }: { readonly email: string }): ReactNode {
  return <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />;
}
