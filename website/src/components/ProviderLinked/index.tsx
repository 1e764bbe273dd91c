import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { nameOf, useProviders } from '../../auth/useProviders';
import FormResult from '../FormResult';

/** Shows that an account was linked. It shows only names from the server, because the id comes from the URL. */
export default function ProviderLinked({ provider }: { readonly provider: string | null }): ReactNode {
  const name = nameOf(useProviders(), provider);
  return (
    name && (
      <FormResult>
        <p>
          {translate(
            { id: 'account.methods.isLinked', message: 'Done: from now on you can also sign in with {provider}.' },
            { provider: name },
          )}
        </p>
      </FormResult>
    )
  );
}
