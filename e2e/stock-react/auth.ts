import { adminClient, emailOTPClient, magicLinkClient, twoFactorClient } from 'better-auth/client/plugins';
import { createAuthClient } from 'better-auth/react';
import { useSyncExternalStore } from 'react';

// The methods that the client has passed to onTwoFactorRedirect; empty if no sign-in waits for its second step.
let methods: readonly string[] = [];
let listeners: readonly (() => void)[] = [];

/** Begins the second step of a sign-in with these methods, or ends it without any. */
export function setSecondStep(next: readonly string[]): void {
  methods = next;
  for (const listener of listeners) listener();
}

/** The methods of the second step that the page shows. */
export function useSecondStep(): readonly string[] {
  return useSyncExternalStore(
    (listener) => {
      listeners = [...listeners, listener];
      return () => {
        listeners = listeners.filter((other) => other !== listener);
      };
    },
    () => methods,
  );
}

/** Better Auth's React client with the four plugins, as its documentation sets it up. */
export const auth = createAuthClient({
  plugins: [
    magicLinkClient(),
    emailOTPClient(),
    twoFactorClient({ onTwoFactorRedirect: ({ twoFactorMethods }) => setSecondStep(twoFactorMethods ?? []) }),
    adminClient(),
  ],
});
