import type { ReactNode } from 'react';

/** A hidden input with the user name. Password managers read it: it has to come before the password in the form. */
export default function Username({ email }: { readonly email: string }): ReactNode {
  return <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />;
}
