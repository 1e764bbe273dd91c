import { type ReactNode, useState } from 'react';
import { auth } from './auth';
import { Form } from './Form';

/** The second factor of the person who is signed in. */
export function Account(): ReactNode {
  const [setUp, setSetUp] = useState<{ readonly totpURI: string; readonly backupCodes: readonly string[] }>();
  return (
    <section aria-label="Second factor">
      <Form
        title="Set up an app"
        fields={['password']}
        call={async ({ password }) => {
          const { data, error } = await auth.twoFactor.enable({ password });
          if (data && 'totpURI' in data) setSetUp(data);
          return { error };
        }}
      />
      {setUp && (
        <>
          <output aria-label="URI">{setUp.totpURI}</output>
          <output aria-label="Backup codes">{setUp.backupCodes.join(' ')}</output>
        </>
      )}
      <Form title="Confirm the app" fields={['code']} call={({ code }) => auth.twoFactor.verifyTotp({ code })} />
      <Form title="Turn it off" fields={['password']} call={(typed) => auth.twoFactor.disable(typed)} />
    </section>
  );
}
