import { callPlugin } from './callPlugin';
import type { Failure, Outcome } from './failure';
import { withoutSpaces } from './mailSignIn';

/** A set-up that is not confirmed yet. */
export interface Setup {
  /** The `otpauth:` URI for an authenticator app. */
  readonly uri: string;
  /** The secret in base32, for typing. */
  readonly secret: string;
  readonly backupCodes: readonly string[];
}

/** Begins the set-up. Nothing changes for sign-ins until a code of the app is confirmed. */
export async function beginSetup(password: string): Promise<Outcome<Setup>> {
  const { data, failure } = await callPlugin((client, fetchOptions) =>
    client.twoFactor.enable({ password, fetchOptions }),
  );
  if (failure) return { failure };
  const setup = data && 'totpURI' in data ? parseSetup(data) : undefined;
  return setup ? { data: setup } : { failure: { code: 'UNKNOWN', status: 200 } };
}

/** Confirms the set-up with a code of the app. The server then starts a new session in place of the current one. */
export async function confirmSetup(code: string): Promise<Failure | undefined> {
  const { failure } = await callPlugin((client, fetchOptions) =>
    client.twoFactor.verifyTotp({
      code: withoutSpaces(code),
      fetchOptions, // the caller fetches the session
    }),
  );
  return failure;
}

/** Replaces the backup codes. */
export async function newBackupCodes(password: string): Promise<Outcome<readonly string[]>> {
  const { data, failure } = await callPlugin((client, fetchOptions) =>
    client.twoFactor.generateBackupCodes({ password, fetchOptions }),
  );
  return failure ? { failure } : { data: data?.backupCodes ?? [] };
}

/** Turns two-step verification off. The server then starts a new session in place of the current one. */
export async function turnOff(password: string): Promise<Outcome<true>> {
  const { failure } = await callPlugin((client, fetchOptions) => client.twoFactor.disable({ password, fetchOptions }));
  return failure ? { failure } : { data: true };
}

/** Reads the answer of the server. */
export function parseSetup({
  totpURI,
  backupCodes,
}: {
  readonly totpURI: string;
  readonly backupCodes: readonly string[];
}): Setup | undefined {
  const secret = URL.canParse(totpURI) ? new URL(totpURI).searchParams.get('secret') : null;
  return secret ? { uri: totpURI, secret, backupCodes } : undefined;
}

/** A secret in groups of four characters, which are easier to type. Apps ignore the spaces. */
export function groupsOfFour(secret: string): string {
  return secret.replace(/.{4}(?=.)/g, '$& ');
}
