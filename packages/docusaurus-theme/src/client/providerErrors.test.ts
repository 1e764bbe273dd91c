import { describe, expect, it } from 'vitest';
import { describeProviderError, knownProviderCodes } from './providerErrors';

// The codes of the API after a callback, and those of providers (RFC 6749, OpenID Connect Core).
const callbackCodes = [
  'state_not_found',
  'state_mismatch',
  'state_invalid',
  'no_code',
  'oauth_provider_not_found',
  'issuer_mismatch',
  'nonce_binding_missing',
  'invalid_code',
  'unable_to_get_user_info',
  'email_not_found',
  'account_not_linked',
  'signup_disabled',
  'email_not_verified',
  'unable_to_link_account',
  'unable_to_create_user',
  'unable_to_create_session',
  'unable_to_update_account',
  'email_does_not_match',
  'account_already_linked_to_different_user',
  'internal_server_error',
  'banned',
];
const providerCodes = [
  'access_denied',
  'server_error',
  'temporarily_unavailable',
  'invalid_request',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_response_type',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
];

describe('describeProviderError', () => {
  it.each([...callbackCodes, ...providerCodes])('knows %s', (code) => {
    expect(knownProviderCodes).toContain(code);
    const { message } = describeProviderError(code, 'Google');
    expect(message).toMatch(/^[A-Z].+\.$/);
    expect(message).not.toMatch(/[{}]|_/);
  });

  it('names the provider', () => {
    expect(describeProviderError('access_denied', 'GitHub').message).toMatch(/^GitHub says that you cancelled/);
    expect(describeProviderError('access_denied').message).toMatch(/^The provider says that you cancelled/);
  });

  it('has the message of the form for a closed account', () => {
    expect(describeProviderError('banned').message).toMatch(/^This account is closed/);
    expect(describeProviderError('BANNED_USER').message).toMatch(/^This account is closed/);
  });

  it.each([
    'made_up',
    '',
    '<img src=x onerror=alert(1)>',
    'constructor',
    '__proto__',
    'toString',
  ])('has a general message for %j, without the code', (code) => {
    const { message, nextStep } = describeProviderError(code);
    expect(message).toMatch(/^Signing in did not work/);
    expect(nextStep).toBeUndefined();
  });

  it('has the next step that solves the problem', () => {
    expect(describeProviderError('account_not_linked').nextStep).toBe('link');
    expect(describeProviderError('signup_disabled').nextStep).toBe('register');
    expect(describeProviderError('email_not_verified').nextStep).toBe('verify');
  });
});
