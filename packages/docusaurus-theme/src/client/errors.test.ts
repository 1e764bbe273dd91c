import { afterEach, expect, it, describe as suite, vi } from 'vitest';
import { describeFailure, fieldError, knownCodes, needsPassword, needsSignIn } from './errors';
import { type Failure, failureOf, offlineFailure } from './failure';

const failureWith = (code: string, status = 400, more: Partial<Failure> = {}): Failure => ({ code, status, ...more });
const messageOf = (code: string) => describeFailure(failureWith(code)).message;

afterEach(() => vi.unstubAllEnvs());

suite('describe', () => {
  it.each([
    ['INVALID_EMAIL_OR_PASSWORD', 'Wrong e-mail address or password.'],
    ['EMAIL_NOT_VERIFIED', 'Please confirm your e-mail address first: open the link we sent you.'],
    [
      'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL',
      'There is an account with this e-mail address. Sign in, or reset its password.',
    ],
    ['PASSWORD_TOO_SHORT', 'The password needs at least 8 characters.'],
    ['PASSWORD_TOO_LONG', 'The password can have at most 128 characters.'],
    ['PASSWORD_COMPROMISED', 'This password is known from data breaches or is too common. Please choose another.'],
    ['INVALID_TOKEN', 'This link was used or is too old. Get a new one.'],
    ['TOKEN_EXPIRED', 'This link was used or is too old. Get a new one.'],
    ['SESSION_NOT_FRESH', 'For your safety, enter your password again.'],
    ['SESSION_EXPIRED', 'For your safety, enter your password again.'],
    ['TOO_MANY_REQUESTS', 'Too many tries. Please wait.'],
    ['INVALID_ORIGIN', 'Signing in is not allowed at this URL. Open the site at its usual URL.'],
    ['MISSING_OR_NULL_ORIGIN', 'Signing in is not allowed at this URL. Open the site at its usual URL.'],
    ['OFFLINE', 'We cannot reach the server. Nothing is lost: try again.'],
    ['SERVICE_UNAVAILABLE', 'The server is busy or starting. Nothing is lost: try again.'],
    ['BANNED_USER', 'This account is closed. Please write to support if you think that is a mistake.'],
  ])('has a message for %s', (code, words) => {
    expect(messageOf(code)).toBe(words);
  });

  it('has its own message for every known code', () => {
    for (const code of knownCodes) expect(messageOf(code)).not.toBe(messageOf('SOMETHING_ELSE'));
  });

  it('quotes the request id for an unknown code', () => {
    expect(describeFailure(failureWith('WHAT_IS_THIS', 500, { reference: 'r-17' })).message).toBe(
      'Something went wrong. Please try again, or quote this number: r-17',
    );
    expect(describeFailure(failureWith('UNKNOWN', 500)).message).toBe('Something went wrong. Please try again.');
  });

  it('has the general message for codes that are property names of objects', () => {
    expect(messageOf('constructor')).toBe('Something went wrong. Please try again.');
    expect(messageOf('__proto__')).toBe('Something went wrong. Please try again.');
  });

  it('names the URL without an API in development only', () => {
    const notFound = failureOf(404, undefined, new Headers({ 'Content-Type': 'text/html' }));
    expect(describeFailure(notFound).message).toBe('Something went wrong. Please try again.');
    vi.stubEnv('NODE_ENV', 'development');
    expect(describeFailure(notFound).message).toContain(
      `No Xenon answers at ${window.location.origin}/api/auth: the status is 404.`,
    );
    const ofXenon = failureOf(404, undefined, new Headers({ 'X-Request-Id': 'r-1' }));
    expect(describeFailure(ofXenon).message).toContain('quote this number: r-1');
    expect(describeFailure(failureOf(500, undefined)).message).toBe('Something went wrong. Please try again.');
  });

  it('assigns a message to its field', () => {
    expect(fieldError(failureWith('PASSWORD_TOO_SHORT'), 'password')).toBe('The password needs at least 8 characters.');
    expect(fieldError(failureWith('PASSWORD_TOO_SHORT'), 'email')).toBeUndefined();
    expect(fieldError(undefined, 'email')).toBeUndefined();
  });
});

suite('needsPassword and needsSignIn', () => {
  it('need the password when the session is not fresh', () => {
    expect(needsPassword(failureWith('SESSION_NOT_FRESH', 403))).toBe(true);
    expect(needsPassword(failureWith('SESSION_EXPIRED'))).toBe(true);
    expect(needsPassword(failureWith('INVALID_PASSWORD'))).toBe(false);
  });

  it('need a sign-in when there is no session', () => {
    expect(needsSignIn(failureWith('UNAUTHORIZED', 401))).toBe(true);
    expect(needsSignIn(failureOf(401, undefined))).toBe(true);
    expect(needsSignIn(failureWith('INVALID_EMAIL_OR_PASSWORD', 401))).toBe(false);
    expect(needsSignIn(offlineFailure)).toBe(false);
  });
});
