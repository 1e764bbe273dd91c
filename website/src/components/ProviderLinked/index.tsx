import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { nameOf, useProviders } from '../../auth/useProviders';
import Done from '../Done';

/** Says that an account was linked. The provider's id comes from the URL, so only names from the server are shown. */
export default function ProviderLinked({ provider }: { readonly provider: string | null }): ReactNode {
  const name = nameOf(useProviders(), provider);
  return (
    name && (
      <Done>
        <p>
          {translate(
            { id: 'account.methods.isLinked', message: 'Done: from now on you can also sign in with {provider}.' },
            { provider: name },
          )}
        </p>
      </Done>
    )
  );
}
