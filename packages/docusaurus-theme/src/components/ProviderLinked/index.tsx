import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { providerName, useProviders } from '../../client/useProviders';
import SuccessNotice from '../SuccessNotice';

/** Shows that an account was linked. It shows only names from the server, because the id comes from the URL. */
export default function ProviderLinked({ provider }: { readonly provider: string | null }): ReactNode {
  const name = providerName(useProviders(), provider);
  return (
    name && (
      <SuccessNotice>
        <p>
          {translate(
            {
              id: 'theme.xenon.account.methods.isLinked',
              message: 'Done: from now on you can also sign in with {provider}.',
            },
            { provider: name },
          )}
        </p>
      </SuccessNotice>
    )
  );
}
