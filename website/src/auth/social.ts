import type { Failure, Outcome } from '../lib/failure';
import { forgetProvider, keepProvider } from '../lib/lastProvider';
import { home, withNext } from '../lib/next';
import { ask } from './client';

/** Where a sign-in at a provider starts: on the page to sign in or to register, or where a password is asked again. */
export type Start = 'login' | 'register' | 'account';

/** The page for new users without another page to go to. The query makes it greet them. */
export const welcomePage = `${home}?new=1`;

/**
 * Sends the browser to a provider. After the sign-in the browser opens `next`. After an error it opens the page where
 * it started, with the provider and the error in the query. Returns why the browser could not be sent there.
 */
export async function signInAt(provider: string, start: Start, next: string): Promise<Failure | undefined> {
  keepProvider(provider);
  const errorPage = start === 'account' ? '/account/' : withNext(`/${start}/`, next);
  const { failure } = await ask((client, fetchOptions) =>
    client.signIn.social({
      provider,
      callbackURL: next,
      newUserCallbackURL: next === home ? welcomePage : next,
      errorCallbackURL: withProvider(errorPage, provider),
      ...(start === 'register' && { requestSignUp: true }),
      fetchOptions,
    }),
  );
  if (!failure) return untilPageChanges();
  forgetProvider();
  return failure;
}

/**
 * Sends the browser to a provider to link an account there. It returns to the account page in any case. `confirmed`
 * asks for the password if the session has ended. Returns why the browser could not be sent there.
 */
export async function linkAt(
  provider: string,
  confirmed: (call: () => Promise<Outcome<unknown>>) => Promise<Outcome<unknown>>,
): Promise<Failure | undefined> {
  const { failure } = await confirmed(() =>
    ask((client, fetchOptions) =>
      client.linkSocial({
        provider,
        callbackURL: withProvider('/account/?linked=1', provider),
        errorCallbackURL: withProvider('/account/', provider),
        fetchOptions,
      }),
    ),
  );
  return failure ?? untilPageChanges();
}

function withProvider(page: string, provider: string): string {
  return `${page}${page.includes('?') ? '&' : '?'}provider=${encodeURIComponent(provider)}`;
}

// Milliseconds. If the provider has not answered by then, the buttons work again.
const patience = 8_000;

// The client has set the location, but the page stays until the provider answers.
async function untilPageChanges(): Promise<undefined> {
  await new Promise((resolve) => window.setTimeout(resolve, patience));
}
