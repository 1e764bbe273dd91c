import { translate } from '@docusaurus/Translate';
import { describeFailure, knownCodes } from './errors';

/** The page that solves a problem with a provider. */
export type NextStep = 'register' | 'link' | 'verify' | 'reset';

/** What a page shows after a failed sign-in with a provider: what happened, and what the person can do. */
export interface ProviderError {
  readonly message: string;
  /** Undefined when the person can only try again, which the buttons of the page allow. */
  readonly nextStep?: NextStep;
}

// Messages by the code in `?error=`. The text of `error_description` is never shown. `provider` is at the start of a
// sentence.
const messages: Record<string, (provider: string) => ProviderError> = {
  access_denied: (provider) => ({
    message: translate(
      {
        id: 'theme.xenon.providerError.access_denied',
        message: '{provider} says that you cancelled. Nothing was changed: try again or use another way.',
      },
      { provider },
    ),
  }),
  state_mismatch: () => ({
    message: translate({
      id: 'theme.xenon.providerError.state_mismatch',
      message:
        'This sign-in took more than five minutes, or was started in another tab or browser. Start again in this tab.',
    }),
  }),
  temporarily_unavailable: () => ({
    message: translate({
      id: 'theme.xenon.providerError.temporarily_unavailable',
      message: 'A service that this sign-in needs does not answer. Try again later or use another way.',
    }),
  }),
  invalid_code: (provider) => ({
    message: translate(
      {
        id: 'theme.xenon.providerError.invalid_code',
        message: '{provider} did not confirm who you are. Please try again.',
      },
      { provider },
    ),
  }),
  internal_server_error: () => ({
    message: translate({
      id: 'theme.xenon.providerError.internal_server_error',
      message: 'Something failed on our side. Wait a minute and try again, or use another way.',
    }),
  }),
  oauth_provider_not_found: (provider) => ({
    message: translate(
      {
        id: 'theme.xenon.providerError.oauth_provider_not_found',
        message: '{provider} cannot be used here at the moment. Use another way, or choose a password by e-mail.',
      },
      { provider },
    ),
    nextStep: 'reset',
  }),
  invalid_request: (provider) => ({
    message: translate(
      {
        id: 'theme.xenon.providerError.invalid_request',
        message: '{provider} did not accept the request of this site. Use another way, and please tell support.',
      },
      { provider },
    ),
  }),
  email_not_found: (provider) => ({
    message: translate(
      {
        id: 'theme.xenon.providerError.email_not_found',
        message:
          '{provider} did not share an e-mail address, and an account here needs one. Allow it there and try again, ' +
          'or register with a password.',
      },
      { provider },
    ),
    nextStep: 'register',
  }),
  account_not_linked: () => ({
    message: translate({
      id: 'theme.xenon.providerError.account_not_linked',
      message:
        'There is an account with your e-mail address already. Sign in as you did before, then link the provider on ' +
        'your account page.',
    }),
    nextStep: 'link',
  }),
  signup_disabled: (provider) => ({
    message: translate(
      {
        id: 'theme.xenon.providerError.signup_disabled',
        message: '{provider} knows you, but there is no account here yet. Register first, or use another way.',
      },
      { provider },
    ),
    nextStep: 'register',
  }),
  email_not_verified: () => ({
    message: translate({
      id: 'theme.xenon.providerError.email_not_verified',
      message: 'Please confirm your e-mail address first: open the link we sent you, then sign in again.',
    }),
    nextStep: 'verify',
  }),
  unable_to_create_user: () => ({
    message: translate({
      id: 'theme.xenon.providerError.unable_to_create_user',
      message: 'The account could not be created. If you have just registered, sign in again.',
    }),
  }),
  unable_to_link_account: () => ({
    message: translate({
      id: 'theme.xenon.providerError.unable_to_link_account',
      message:
        'The account was not linked: your session has ended, or the provider has not confirmed your e-mail address. ' +
        'Confirm it there, and try again.',
    }),
  }),
  email_does_not_match: () => ({
    message: translate({
      id: 'theme.xenon.providerError.email_does_not_match',
      message:
        'Nothing was linked: the other account has another e-mail address. Choose one with the address of this account.',
    }),
  }),
  account_already_linked_to_different_user: () => ({
    message: translate({
      id: 'theme.xenon.providerError.account_already_linked_to_different_user',
      message:
        'Nothing was linked: that account belongs to another user here. Sign in with it, and remove it there first.',
    }),
  }),
};

// Codes that have the message of another code: first the codes of the API, then those of providers.
const synonyms: Record<string, string> = {
  state_not_found: 'state_mismatch',
  state_invalid: 'state_mismatch',
  no_code: 'invalid_code',
  issuer_mismatch: 'invalid_code',
  nonce_binding_missing: 'invalid_code',
  unable_to_get_user_info: 'invalid_code',
  unable_to_create_session: 'internal_server_error',
  unable_to_update_account: 'internal_server_error',
  banned: 'BANNED_USER',
  user_cancelled_authorize: 'access_denied',
  user_cancelled_login: 'access_denied',
  consent_required: 'access_denied',
  interaction_required: 'access_denied',
  login_required: 'access_denied',
  account_selection_required: 'access_denied',
  server_error: 'temporarily_unavailable',
  unauthorized_client: 'invalid_request',
  invalid_client: 'invalid_request',
  invalid_scope: 'invalid_request',
  unsupported_response_type: 'invalid_request',
  redirect_uri_mismatch: 'invalid_request',
};

/** All codes with a message, for tests. */
export const knownProviderCodes: readonly string[] = [...Object.keys(messages), ...Object.keys(synonyms)];

/** The message for a code in `?error=`. `provider` is the provider's name, when it is known. */
export function describeProviderError(code: string, provider?: string): ProviderError {
  const known = Object.hasOwn(synonyms, code) ? synonyms[code] : code;
  const messageOf = known !== undefined && Object.hasOwn(messages, known) ? messages[known] : undefined;
  if (messageOf)
    return messageOf(provider ?? translate({ id: 'theme.xenon.providerError.someProvider', message: 'The provider' }));
  if (known && knownCodes.includes(known)) return describeFailure({ code: known, status: 0 });
  return {
    message: translate({
      id: 'theme.xenon.providerError.other',
      message: 'Signing in did not work, and nothing was changed. Please try again or use another way.',
    }),
  };
}
