import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { callAdmin, type ManagedUser } from '../../client/admin';
import { site } from '../../client/site';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import Section from '../Section';
import SubmitButton from '../SubmitButton';

/** Signs the administrator in as the user, for an hour at most. */
export default function ImpersonateSection({ user }: { readonly user: ManagedUser }): ReactNode {
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const { failure } = await callAdmin((admin, fetchOptions) =>
      admin.impersonateUser({ userId: user.id, fetchOptions: { ...fetchOptions, disableSignal: true } }),
    );
    // Loads the whole page: nothing of the administrator stays in its memory.
    if (!failure) window.location.assign(site.baseUrl);
    return failure;
  });
  return (
    <Section
      id="impersonate"
      title={translate({ id: 'theme.xenon.admin.impersonate', message: 'Act as this user' })}
      intro={translate({
        id: 'theme.xenon.admin.impersonate.intro',
        message: 'You see the site as this user does, for an hour at most. A bar at the lower edge ends it.',
      })}
    >
      <form onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
        <SubmitButton busy={busy} retryInSeconds={retryInSeconds} secondary>
          {translate({ id: 'theme.xenon.admin.impersonate.submit', message: 'Act as this user' })}
        </SubmitButton>
      </form>
    </Section>
  );
}
