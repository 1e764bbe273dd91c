import { Secret, TOTP } from 'otpauth';

/** The code that an authenticator app shows for a secret in base32. The npm package `otpauth` computes it. */
export function codeOf(secret: string, now = Date.now()): string {
  return new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) }).generate({ timestamp: now });
}

/** The code of the next 30 seconds, which the server accepts too. Each code works once. */
export const nextCodeOf = (secret: string): string => codeOf(secret, Date.now() + 30_000);

/** A code that is not one of those that the server accepts now. */
export function wrongCode(secret: string): string {
  const accepted = [-60_000, -30_000, 0, 30_000, 60_000].map((shift) => codeOf(secret, Date.now() + shift));
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !accepted.includes(code)) ?? '';
}
