import { callPlugin } from './callPlugin';
import type { Failure } from './failure';
import { withoutSpaces } from './mailSignIn';
import { withNext } from './next';
import { paths } from './site';

/** A way to prove the second factor: the code of an app, the code of a mail, or a backup code. */
export type SecondFactorMethod = 'totp' | 'otp' | 'backup';

/**
 * The methods that the server offers for the second factor. Undefined if the answer to a sign-in asks for none. Backup
 * codes belong to an app, and the server does not list them.
 */
export function readSecondFactorMethods(answer: unknown): SecondFactorMethod[] | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  if (!('twoFactorRedirect' in answer) || !answer.twoFactorRedirect) return undefined;
  return 'twoFactorMethods' in answer && Array.isArray(answer.twoFactorMethods)
    ? parseMethods(answer.twoFactorMethods)
    : parseMethods([]);
}

/** The page that asks for the second factor and then opens `next`. */
export function secondFactorPath(methods: readonly SecondFactorMethod[], next: string): string {
  const path = withNext(paths.twoFactor, next);
  const listed = methods.filter((method) => method !== 'backup').join(',');
  return `${path}${path.includes('?') ? '&' : '?'}methods=${listed}`;
}

/** The methods in the query of the page. Without the parameter all are offered, because the server did not say. */
export function methodsOfQuery(search: string): SecondFactorMethod[] {
  return parseMethods((new URLSearchParams(search).get('methods') ?? '').split(','));
}

function parseMethods(names: readonly unknown[]): SecondFactorMethod[] {
  const known = (['totp', 'otp'] as const).filter((method) => names.includes(method));
  if (known.length === 0) return ['totp', 'otp', 'backup'];
  return known.includes('totp') ? [...known, 'backup'] : known;
}

/** Mails a code for the second factor. */
export async function sendSecondFactorCode(): Promise<Failure | undefined> {
  const { failure } = await callPlugin((client, fetchOptions) => client.twoFactor.sendOtp({ fetchOptions }));
  return failure;
}

/** Proves the second factor. The server then creates the session; the caller fetches it. */
export async function verifySecondFactor(
  method: SecondFactorMethod,
  typed: string,
  trustDevice: boolean,
): Promise<Failure | undefined> {
  const { failure } = await callPlugin<unknown>((client, fetchOptions) => {
    const code = withoutSpaces(typed);
    if (method === 'totp') return client.twoFactor.verifyTotp({ code, trustDevice, fetchOptions });
    if (method === 'otp') return client.twoFactor.verifyOtp({ code, trustDevice, fetchOptions });
    return client.twoFactor.verifyBackupCode({ code, trustDevice, fetchOptions });
  });
  return failure && explainedFailure(failure, method);
}

// After too many codes of an app the server forgets the sign-in; after too many mailed codes only the code. A locked
// account is not a limit of requests: the server does not say how long it lasts, so there is no countdown.
function explainedFailure(failure: Failure, method: SecondFactorMethod): Failure {
  if (failure.code === 'ACCOUNT_TEMPORARILY_LOCKED') return { ...failure, status: 0 };
  if (failure.code !== 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE') return failure;
  return { ...failure, code: method === 'otp' ? 'TOO_MANY_ATTEMPTS' : 'SECOND_FACTOR_ENDED' };
}

/** Whether the person has to start the sign-in again. */
export function isSignInOver({ code }: Failure): boolean {
  return ['INVALID_TWO_FACTOR_COOKIE', 'SECOND_FACTOR_ENDED'].includes(code);
}
