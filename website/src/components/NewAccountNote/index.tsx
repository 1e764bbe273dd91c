import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { useSearch } from '../../auth/useSearch';
import { FormNote } from '../FormMessage';

/** Greets a person whose account was created by a sign-in at a provider: they may have meant another account. */
export default function NewAccountNote({ email }: { readonly email: string }): ReactNode {
  if (!new URLSearchParams(useSearch()).has('new')) return null;
  return (
    <FormNote>
      <p>
        {translate(
          {
            id: 'profile.newAccount',
            message:
              'Welcome! This account with {email} is new. If you have one with another address, sign out, sign in ' +
              'there, and link the provider on its account page.',
          },
          { email },
        )}
      </p>
    </FormNote>
  );
}
