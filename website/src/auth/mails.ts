import type { Failure } from '../lib/failure';
import { home } from '../lib/next';
import { ask } from './client';

/** Where the link of a confirmation mail leads once the API has seen it. */
export function verifiedPage(next: string): string {
  const query = new URLSearchParams({ verified: '1', ...(next !== home && { next }) });
  return `/verify-email/?${query}`;
}

/** Has the mail sent that confirms an address. The answer is the same when nobody has it. */
export async function sendVerification(email: string, next: string): Promise<Failure | undefined> {
  const { failure } = await ask((client, fetchOptions) =>
    client.sendVerificationEmail({ email, callbackURL: verifiedPage(next), fetchOptions }),
  );
  return invalidAddress(failure);
}

/** Has the mail sent with which a new password can be chosen. The answer is the same when nobody has the address. */
export async function sendReset(email: string): Promise<Failure | undefined> {
  const { failure } = await ask((client, fetchOptions) =>
    client.requestPasswordReset({ email, redirectTo: '/reset-password/', fetchOptions }),
  );
  return invalidAddress(failure);
}

/** In a form whose only text with a syntax is the address, what is wrong with the input is wrong with that. */
export function invalidAddress(failure: Failure | undefined): Failure | undefined {
  return failure?.code === 'VALIDATION_ERROR' ? { ...failure, code: 'INVALID_EMAIL' } : failure;
}
