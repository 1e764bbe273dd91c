import { callAuth } from './callAuth';
import type { Failure } from './failure';
import { pageAfterSignIn } from './next';
import { callbackUrl, paths } from './site';

/** The page to which the API redirects after it has checked the link of a verification mail. */
export function verifiedPage(next: string): string {
  const query = new URLSearchParams({ verified: '1', ...(next !== pageAfterSignIn && { next }) });
  return callbackUrl(`${paths.verifyEmail}?${query}`);
}

/** Sends the mail that verifies an email address. The response is the same if there is no user with that email. */
export async function sendVerificationMail(email: string, next: string): Promise<Failure | undefined> {
  const { failure } = await callAuth((client, fetchOptions) =>
    client.sendVerificationEmail({ email, callbackURL: verifiedPage(next), fetchOptions }),
  );
  return toInvalidEmail(failure);
}

/** Sends the mail that resets a password. The response is the same if there is no user with that email. */
export async function sendResetMail(email: string): Promise<Failure | undefined> {
  const { failure } = await callAuth((client, fetchOptions) =>
    client.requestPasswordReset({ email, redirectTo: callbackUrl(paths.resetPassword), fetchOptions }),
  );
  return toInvalidEmail(failure);
}

/** Maps VALIDATION_ERROR to INVALID_EMAIL, for forms in which only the email can be invalid. */
export function toInvalidEmail(failure: Failure | undefined): Failure | undefined {
  return failure?.code === 'VALIDATION_ERROR' ? { ...failure, code: 'INVALID_EMAIL' } : failure;
}
