import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { useSearch } from '../../client/useSearch';
import { FormNote } from '../FormMessage';

/**
 * Tells a person that a sign-in with a provider created this account: the person may have another account, and may have
 * wanted to sign in to that one.
 */
export default function NewAccountNote({ email }: { readonly email: string }): ReactNode {
  if (!new URLSearchParams(useSearch()).has('new')) return null;
  return (
    <FormNote>
      <p>
        {translate(
          {
            id: 'theme.xenon.profile.newAccount',
            message:
              'Welcome! This account with {email} is new. If you have an account with another address, sign out, sign ' +
              'in to that account, and link the provider on its account page.',
          },
          { email },
        )}
      </p>
    </FormNote>
  );
}
