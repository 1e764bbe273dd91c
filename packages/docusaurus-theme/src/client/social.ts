import { callAuth } from './callAuth';
import type { Failure, Outcome } from './failure';
import { forgetProvider, keepProvider } from './lastProvider';
import { pageAfterSignIn, withNext } from './next';
import { callbackUrl, paths } from './site';

/** The page on which a sign-in with a provider starts. The account page asks for a sign-in before sensitive changes. */
export type StartPage = 'login' | 'register' | 'account';

/** The page for new users when there is no `?next=`. With `new=1` the profile page shows NewAccountNote. */
export const welcomePage = `${pageAfterSignIn}?new=1`;

/**
 * Sends the browser to a provider. After the sign-in the browser opens `next`. After an error it opens the start page
 * again, with the provider and the error in the query. Returns the failure if the API does not return the URL.
 */
export async function signInWithProvider(
  provider: string,
  start: StartPage,
  next: string,
): Promise<Failure | undefined> {
  keepProvider(provider);
  const errorPage = start === 'account' ? paths.account : withNext(paths[start], next);
  const { failure } = await callAuth((client, fetchOptions) =>
    client.signIn.social({
      provider,
      callbackURL: callbackUrl(next),
      newUserCallbackURL: callbackUrl(next === pageAfterSignIn ? welcomePage : next),
      errorCallbackURL: callbackUrl(withProviderParameter(errorPage, provider)),
      ...(start === 'register' && { requestSignUp: true }),
      fetchOptions,
    }),
  );
  if (!failure) return waitUntilPageChanges();
  forgetProvider();
  return failure;
}

/**
 * Sends the browser to a provider to link an account there. The browser returns to the account page, after an error
 * too. `withReauthentication` asks the person to sign in again if the API requires it. Returns the failure if the API
 * does not return the URL.
 */
export async function linkProvider(
  provider: string,
  withReauthentication: (call: () => Promise<Outcome<unknown>>) => Promise<Outcome<unknown>>,
): Promise<Failure | undefined> {
  const { failure } = await withReauthentication(() =>
    callAuth((client, fetchOptions) =>
      client.linkSocial({
        provider,
        callbackURL: callbackUrl(withProviderParameter(`${paths.account}?linked=1`, provider)),
        errorCallbackURL: callbackUrl(withProviderParameter(paths.account, provider)),
        fetchOptions,
      }),
    ),
  );
  return failure ?? waitUntilPageChanges();
}

function withProviderParameter(page: string, provider: string): string {
  return `${page}${page.includes('?') ? '&' : '?'}provider=${encodeURIComponent(provider)}`;
}

// Milliseconds. If the page is still open after this time, the buttons can be used again.
const redirectTimeoutMs = 8_000;

// The client has set the location, but the browser keeps this page until the provider's response arrives.
async function waitUntilPageChanges(): Promise<undefined> {
  await new Promise((resolve) => window.setTimeout(resolve, redirectTimeoutMs));
}
