import type { Failure } from '../lib/failure';
import { home } from '../lib/next';
import { ask } from './client';

/** The page to which the API redirects after it has checked the link of a verification mail. */
export function verifiedPage(next: string): string {
  const query = new URLSearchParams({ verified: '1', ...(next !== home && { next }) });
  return `/verify-email/?${query}`;
}

/** Asks for the mail that verifies an email address. The answer is the same when there is no such user. */
export async function sendVerification(email: string, next: string): Promise<Failure | undefined> {
  const { failure } = await ask((client, fetchOptions) =>
    client.sendVerificationEmail({ email, callbackURL: verifiedPage(next), fetchOptions }),
  );
  return invalidAddress(failure);
}

/** Asks for the mail that resets a password. The answer is the same when there is no such user. */
export async function sendReset(email: string): Promise<Failure | undefined> {
  const { failure } = await ask((client, fetchOptions) =>
    client.requestPasswordReset({ email, redirectTo: '/reset-password/', fetchOptions }),
  );
  return invalidAddress(failure);
}

/** Maps VALIDATION_ERROR to INVALID_EMAIL, for forms in which only the email address can be invalid. */
export function invalidAddress(failure: Failure | undefined): Failure | undefined {
  return failure?.code === 'VALIDATION_ERROR' ? { ...failure, code: 'INVALID_EMAIL' } : failure;
}
