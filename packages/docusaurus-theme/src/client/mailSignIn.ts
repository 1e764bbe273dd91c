import { callPlugin } from './callPlugin';
import type { Failure, Outcome } from './failure';
import { toInvalidEmail } from './mails';
import { withNext } from './next';
import { callbackUrl, paths, site } from './site';

/** What a mail to sign in contains. */
export type MailMethod = 'link' | 'code';

/** The mails that the site offers. */
export const mailMethods: readonly MailMethod[] = [
  ...(site.methods.magicLink ? (['link'] as const) : []),
  ...(site.methods.emailOTP ? (['code'] as const) : []),
];

/** Sends a link that signs in and opens `next`. The response is the same if there is no user with that email. */
export async function sendSignInLink(email: string, next: string): Promise<Failure | undefined> {
  const { failure } = await callPlugin((client, fetchOptions) =>
    client.signIn.magicLink({
      email,
      callbackURL: callbackUrl(next),
      errorCallbackURL: callbackUrl(withNext(paths.mailSignIn, next)),
      fetchOptions,
    }),
  );
  return toInvalidEmail(failure);
}

/** Sends a code to sign in. The response is the same if there is no user with that email. */
export async function sendSignInCode(email: string): Promise<Failure | undefined> {
  const { failure } = await callPlugin((client, fetchOptions) =>
    client.emailOtp.sendVerificationOtp({ email, type: 'sign-in', fetchOptions }),
  );
  return toInvalidEmail(failure);
}

/** Signs in with the code of a mail. The server compares the code exactly, so this removes spaces. */
export function signInWithCode(email: string, code: string): Promise<Outcome<unknown>> {
  return callPlugin((client, fetchOptions) =>
    client.signIn.emailOtp({
      email,
      otp: withoutSpaces(code),
      fetchOptions, // the caller fetches the session
    }),
  );
}

/** A typed or pasted code without spaces. */
export function withoutSpaces(code: string): string {
  return code.replace(/\s/g, '');
}
