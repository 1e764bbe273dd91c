import { translate } from '@docusaurus/Translate';
import type { Failure } from './failure';
import { maxPassword, minPassword } from './password';
import { apiUrlOf } from './site';
import { texts } from './texts';

/** A field of a form that a failure can be about. */
export type Field = 'email' | 'password' | 'name' | 'code';

/** What a form shows for a failure: what happened, and what the person can do. */
export interface ErrorMessage {
  readonly message: string;
  /** Undefined when the failure is about the whole form. */
  readonly field?: Field;
}

// Messages by error code; the server's text is never shown. If a code means something else in one form, that
// form has its own message.
const messages: Record<string, () => ErrorMessage> = {
  OFFLINE: () => ({
    message: texts.offline(),
  }),
  SERVICE_UNAVAILABLE: () => ({
    message: translate({
      id: 'theme.xenon.error.SERVICE_UNAVAILABLE',
      message: 'The server is busy or starting. Nothing is lost: try again.',
    }),
  }),
  COOKIES_BLOCKED: () => ({
    message: translate({
      id: 'theme.xenon.error.COOKIES_BLOCKED',
      message: 'Your browser did not keep the sign-in. Allow cookies for this site and try again.',
    }),
  }),
  TOO_MANY_REQUESTS: () => ({
    message: translate({ id: 'theme.xenon.error.TOO_MANY_REQUESTS', message: 'Too many tries. Please wait.' }),
  }),
  INVALID_EMAIL_OR_PASSWORD: () => ({
    message: translate({
      id: 'theme.xenon.error.INVALID_EMAIL_OR_PASSWORD',
      message: 'Wrong e-mail address or password.',
    }),
  }),
  INVALID_PASSWORD: () => ({
    message: translate({ id: 'theme.xenon.error.INVALID_PASSWORD', message: 'That is not your password.' }),
    field: 'password',
  }),
  INVALID_EMAIL: () => ({
    message: translate({
      id: 'theme.xenon.error.INVALID_EMAIL',
      message: 'That is not an e-mail address, such as ada@example.com.',
    }),
    field: 'email',
  }),
  EMAIL_NOT_VERIFIED: () => ({
    message: translate({
      id: 'theme.xenon.error.EMAIL_NOT_VERIFIED',
      message: 'Please confirm your e-mail address first: open the link we sent you.',
    }),
  }),
  EMAIL_ALREADY_VERIFIED: () => ({
    message: translate({
      id: 'theme.xenon.error.EMAIL_ALREADY_VERIFIED',
      message: 'This e-mail address is confirmed already.',
    }),
  }),
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: () => ({
    message: translate({
      id: 'theme.xenon.error.USER_ALREADY_EXISTS',
      message: 'There is an account with this e-mail address. Sign in, or reset its password.',
    }),
    field: 'email',
  }),
  BANNED_USER: () => ({
    message: translate({
      id: 'theme.xenon.error.BANNED_USER',
      message: 'This account is closed. Please write to support if you think that is a mistake.',
    }),
  }),
  EMAIL_PASSWORD_SIGN_UP_DISABLED: () => ({
    message: translate({
      id: 'theme.xenon.error.EMAIL_PASSWORD_SIGN_UP_DISABLED',
      message: 'Registration is closed at the moment. If you have an account, sign in.',
    }),
  }),
  FAILED_TO_CREATE_USER: () => ({
    message: translate({
      id: 'theme.xenon.error.FAILED_TO_CREATE_USER',
      message: 'The account could not be created. If you have just registered, sign in instead.',
    }),
  }),
  EMAIL_MISMATCH: () => ({
    message: translate({
      id: 'theme.xenon.error.EMAIL_MISMATCH',
      message: 'You are signed in with another e-mail address. Use that one, or sign out first.',
    }),
    field: 'email',
  }),
  CREDENTIAL_ACCOUNT_NOT_FOUND: () => ({
    message: translate({
      id: 'theme.xenon.error.CREDENTIAL_ACCOUNT_NOT_FOUND',
      message: 'This account has no password yet. “Forgot your password?” lets you choose one.',
    }),
    field: 'password',
  }),
  PASSWORD_TOO_SHORT: () => ({
    message: translate(
      { id: 'theme.xenon.error.PASSWORD_TOO_SHORT', message: 'The password needs at least {min} characters.' },
      { min: minPassword },
    ),
    field: 'password',
  }),
  PASSWORD_TOO_LONG: () => ({
    message: translate(
      { id: 'theme.xenon.error.PASSWORD_TOO_LONG', message: 'The password can have at most {max} characters.' },
      { max: maxPassword },
    ),
    field: 'password',
  }),
  PASSWORD_COMPROMISED: () => ({
    message: translate({
      id: 'theme.xenon.error.PASSWORD_COMPROMISED',
      message: 'This password is known from data breaches or is too common. Please choose another.',
    }),
    field: 'password',
  }),
  INVALID_TOKEN: () => ({
    message: translate({
      id: 'theme.xenon.error.INVALID_TOKEN',
      message: 'This link was used or is too old. Get a new one.',
    }),
  }),
  INVALID_OTP: () => ({
    message: translate({
      id: 'theme.xenon.error.INVALID_OTP',
      message: 'That is not the code of the newest mail. Check it, or send a new one.',
    }),
    field: 'code',
  }),
  OTP_EXPIRED: () => ({
    message: translate({
      id: 'theme.xenon.error.OTP_EXPIRED',
      message: 'This code is too old. Send a new one.',
    }),
    field: 'code',
  }),
  TOO_MANY_ATTEMPTS: () => ({
    message: translate({
      id: 'theme.xenon.error.TOO_MANY_ATTEMPTS',
      message: 'Too many wrong codes, so this one no longer works. Send a new one.',
    }),
    field: 'code',
  }),
  INVALID_CODE: () => ({
    message: translate({
      id: 'theme.xenon.error.INVALID_CODE',
      message: 'That is not the code. An app shows a new one every 30 seconds.',
    }),
    field: 'code',
  }),
  INVALID_BACKUP_CODE: () => ({
    message: translate({
      id: 'theme.xenon.error.INVALID_BACKUP_CODE',
      message: 'This backup code is wrong, or it was used already. Upper and lower case letters differ.',
    }),
    field: 'code',
  }),
  SECOND_FACTOR_ENDED: () => ({
    message: translate({
      id: 'theme.xenon.error.SECOND_FACTOR_ENDED',
      message: 'Too many wrong codes. For your safety, start the sign-in again.',
    }),
  }),
  INVALID_TWO_FACTOR_COOKIE: () => ({
    message: translate({
      id: 'theme.xenon.error.INVALID_TWO_FACTOR_COOKIE',
      message: 'This sign-in is over: it took more than ten minutes, or it was finished in another tab.',
    }),
  }),
  ACCOUNT_TEMPORARILY_LOCKED: () => ({
    message: translate({
      id: 'theme.xenon.error.ACCOUNT_TEMPORARILY_LOCKED',
      message: 'Too many wrong codes. No code of this account is accepted for up to 15 minutes.',
    }),
  }),
  OTP_NOT_CONFIGURED: () => ({
    message: translate({
      id: 'theme.xenon.error.OTP_NOT_CONFIGURED',
      message: 'This site sends no codes by mail. Use another way.',
    }),
  }),
  TOTP_NOT_ENABLED: () => ({
    message: translate({
      id: 'theme.xenon.error.TOTP_NOT_ENABLED',
      message: 'This account has no authenticator app. Use another way.',
    }),
  }),
  TOTP_ALREADY_ENABLED: () => ({
    message: translate({
      id: 'theme.xenon.error.TOTP_ALREADY_ENABLED',
      message: 'It was turned on in the meantime. Load the page again.',
    }),
  }),
  TWO_FACTOR_NOT_ENABLED: () => ({
    message: translate({
      id: 'theme.xenon.error.TWO_FACTOR_NOT_ENABLED',
      message: 'It was turned off in the meantime. Load the page again.',
    }),
  }),
  NOT_ALLOWED: () => ({
    message: translate({
      id: 'theme.xenon.error.NOT_ALLOWED',
      message: 'Only administrators can do that. Perhaps your rights have changed.',
    }),
  }),
  YOU_CANNOT_IMPERSONATE_ADMINS: () => ({
    message: translate({
      id: 'theme.xenon.error.YOU_CANNOT_IMPERSONATE_ADMINS',
      message: 'You cannot act as another administrator.',
    }),
  }),
  YOU_CANNOT_REMOVE_YOUR_ADMIN_ROLE: () => ({
    message: translate({
      id: 'theme.xenon.error.YOU_CANNOT_REMOVE_YOUR_ADMIN_ROLE',
      message: 'You cannot take your own role. Ask another administrator.',
    }),
  }),
  AUDIT_LOG_UNAVAILABLE: () => ({
    message: translate({
      id: 'theme.xenon.error.AUDIT_LOG_UNAVAILABLE',
      message: 'The audit trail cannot be read at the moment. Try again.',
    }),
  }),
  INVALID_CURSOR: () => ({
    message: translate({
      id: 'theme.xenon.error.INVALID_CURSOR',
      message: 'The list is too old to continue. Load the page again.',
    }),
  }),
  BACKUP_CODES_NOT_ENABLED: () => ({
    message: translate({
      id: 'theme.xenon.error.BACKUP_CODES_NOT_ENABLED',
      message: 'This account has no backup codes. Use another way.',
    }),
  }),
  new_user_signup_disabled: () => ({
    message: translate({
      id: 'theme.xenon.error.new_user_signup_disabled',
      message: 'There is no account with this e-mail address, and registration is closed at the moment.',
    }),
  }),
  SESSION_NOT_FRESH: () => ({
    message: translate({
      id: 'theme.xenon.error.SESSION_NOT_FRESH',
      message: 'For your safety, enter your password again.',
    }),
  }),
  UNAUTHORIZED: () => ({
    message: translate({ id: 'theme.xenon.error.UNAUTHORIZED', message: 'You are signed out. Sign in to continue.' }),
  }),
  USER_NOT_FOUND: () => ({
    message: translate({ id: 'theme.xenon.error.USER_NOT_FOUND', message: 'This account no longer exists.' }),
  }),
  INVALID_ORIGIN: () => ({
    message: translate({
      id: 'theme.xenon.error.INVALID_ORIGIN',
      message: 'Signing in is not allowed at this URL. Open the site at its usual URL.',
    }),
  }),
  VALIDATION_ERROR: () => ({
    message: translate({
      id: 'theme.xenon.error.VALIDATION_ERROR',
      message: 'Something in the form is wrong. Please check it.',
    }),
  }),
  CHANGE_EMAIL_DISABLED: () => ({
    message: translate({
      id: 'theme.xenon.error.CHANGE_EMAIL_DISABLED',
      message: 'The e-mail address cannot be changed here.',
    }),
    field: 'email',
  }),
  PROFILE_CHANGED: () => ({
    message: translate({
      id: 'theme.xenon.error.PROFILE_CHANGED',
      message: 'Your profile was changed in another tab or on another device in the meantime.',
    }),
  }),
  FAILED_TO_UNLINK_LAST_ACCOUNT: () => ({
    message: translate({
      id: 'theme.xenon.error.FAILED_TO_UNLINK_LAST_ACCOUNT',
      message: 'This is your only way to sign in. Set a password or link another account first.',
    }),
  }),
  PROVIDER_NOT_FOUND: () => ({
    message: translate({
      id: 'theme.xenon.error.PROVIDER_NOT_FOUND',
      message: 'This site does not offer that provider any more. Use another way to sign in.',
    }),
  }),
  RESET_PASSWORD_DISABLED: () => ({
    message: translate({
      id: 'theme.xenon.error.RESET_PASSWORD_DISABLED',
      message: 'Passwords cannot be reset by mail here.',
    }),
  }),
  VERIFICATION_EMAIL_NOT_ENABLED: () => ({
    message: translate({
      id: 'theme.xenon.error.VERIFICATION_EMAIL_NOT_ENABLED',
      message: 'This site sends no confirmation mails.',
    }),
  }),
};

// Codes with the message of another code.
const synonyms: Record<string, string> = {
  TOKEN_EXPIRED: 'INVALID_TOKEN',
  INVALID_USER: 'USER_NOT_FOUND',
  SESSION_EXPIRED: 'SESSION_NOT_FRESH',
  EMAIL_CAN_NOT_BE_UPDATED: 'CHANGE_EMAIL_DISABLED',
  CROSS_SITE_NAVIGATION_LOGIN_BLOCKED: 'INVALID_ORIGIN',
  MISSING_OR_NULL_ORIGIN: 'INVALID_ORIGIN',
  INVALID_CALLBACK_URL: 'INVALID_ORIGIN',
  INVALID_REDIRECT_URL: 'INVALID_ORIGIN',
  USER_ALREADY_EXISTS: 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL',
  OTP_HAS_EXPIRED: 'OTP_EXPIRED',
  FAILED_TO_GET_SESSION: 'UNAUTHORIZED',
  failed_to_create_user: 'FAILED_TO_CREATE_USER',
};

/** All codes with a message, for tests. */
export const knownCodes: readonly string[] = [...Object.keys(messages), ...Object.keys(synonyms)];

/** The message for a failure. An unknown code gets a general message, with the request's id if the response had one. */
export function describeFailure(failure: Failure): ErrorMessage {
  const messageOf = messages[knownCode(failure.code)];
  if (messageOf) return messageOf();
  if (process.env.NODE_ENV === 'development' && isWithoutApi(failure)) return { message: withoutApiText() };
  return {
    message: failure.reference
      ? translate(
          {
            id: 'theme.xenon.error.reference',
            message: 'Something went wrong. Please try again, or quote this number: {reference}',
          },
          { reference: failure.reference },
        )
      : translate({ id: 'theme.xenon.error.other', message: 'Something went wrong. Please try again.' }),
  };
}

// The plugin admin has a code of its own for each missing right.
function knownCode(code: string): string {
  if (code.startsWith('YOU_ARE_NOT_ALLOWED_TO_')) return 'NOT_ALLOWED';
  return synonyms[code] ?? code;
}

// Xenon sends a code or a request id. Another server, such as the development server of the site, sends neither.
function isWithoutApi({ status, code, reference }: Failure): boolean {
  return status === 404 && code === 'UNKNOWN' && !reference;
}

/** For the developer of the site; not in production. */
function withoutApiText(): string {
  return translate(
    {
      id: 'theme.xenon.error.withoutApi',
      message:
        'No Xenon answers at {url}: the status is 404. Open the site at the URL that xenon dev prints, such as ' +
        'http://localhost:3000, or set the option apiOrigin.',
    },
    { url: new URL(apiUrlOf('/api/auth'), window.location.origin).href },
  );
}

/** The message below a field; undefined when the failure is not about that field. */
export function fieldError(failure: Failure | undefined, field: Field): string | undefined {
  const error = failure && describeFailure(failure);
  return error?.field === field ? error.message : undefined;
}

/** Whether the server requires the password again before it accepts the call. */
export function needsPassword(failure: Failure): boolean {
  return (synonyms[failure.code] ?? failure.code) === 'SESSION_NOT_FRESH';
}

/** Whether the session has ended, so that signing in again helps. */
export function needsSignIn(failure: Failure): boolean {
  return failure.status === 401 && ['UNAUTHORIZED', 'FAILED_TO_GET_SESSION', 'UNKNOWN'].includes(failure.code);
}
