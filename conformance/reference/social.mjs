// Better Auth's options for social sign-in, from Xenon's settings. A provider without settings is not configured.
const builtInProviders = [
  'google',
  'github',
  'apple',
  'microsoft',
  'discord',
  'facebook',
  'gitlab',
  'linkedin',
  'twitter',
  'slack',
  'spotify',
  'twitch',
  'notion',
  'zoom',
  'figma',
  'kakao',
];

const env = process.env;
const isOn = (name) => env[name] === 'on';
const isOff = (name) => env[name] === 'off';
const listSetting = (name) => (env[name] ?? '').split(/[ ,]+/).filter(Boolean);

// The settings that every provider has, under Better Auth's names.
function commonOptions(prefix) {
  const ids = listSetting(`${prefix}_CLIENT_ID`);
  return {
    clientId: ids.length > 1 ? ids : ids[0],
    clientSecret: env[`${prefix}_CLIENT_SECRET`],
    scope: listSetting(`${prefix}_SCOPE`),
    disableSignUp: isOn(`${prefix}_DISABLE_SIGNUP`) || isOff('SIGN_UP'),
    disableImplicitSignUp: isOn(`${prefix}_DISABLE_IMPLICIT_SIGNUP`),
    overrideUserInfoOnSignIn: isOn(`${prefix}_OVERRIDE_USER_INFO`),
    requireEmailVerification: isOn(`${prefix}_REQUIRE_EMAIL_VERIFICATION`),
  };
}

// The settings that only one provider has. For an undefined setting Better Auth uses its default.
const specificOptions = {
  google: () => ({ accessType: env.GOOGLE_ACCESS_TYPE, prompt: env.GOOGLE_PROMPT, hd: env.GOOGLE_HD }),
  microsoft: () => ({ tenantId: env.MICROSOFT_TENANT_ID }),
  gitlab: () => ({ issuer: env.GITLAB_ISSUER }),
};

export function socialProviders() {
  const configured = builtInProviders.filter((id) => env[`${id.toUpperCase()}_CLIENT_ID`]);
  return Object.fromEntries(
    configured.map((id) => [id, { ...commonOptions(id.toUpperCase()), ...specificOptions[id]?.() }]),
  );
}

// The generic OAuth plugin for the issuers in OIDC_PROVIDERS, with the scopes that Xenon requests.
export function oidcPlugins(genericOAuth) {
  if (!env.OIDC_PROVIDERS) return [];
  const config = JSON.parse(env.OIDC_PROVIDERS).map(({ issuer, scopes = [], ...provider }) => ({
    ...provider,
    scopes: ['openid', 'profile', 'email', ...scopes],
    discoveryUrl: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
  }));
  return [genericOAuth({ config })];
}

export function accountOptions() {
  return {
    updateAccountOnSignIn: !isOff('UPDATE_ACCOUNT_ON_SIGNIN'),
    encryptOAuthTokens: isOn('ENCRYPT_OAUTH_TOKENS'),
    storeStateStrategy: env.STATE_STRATEGY === 'cookie' ? 'cookie' : 'database',
    accountLinking: {
      enabled: !isOff('ACCOUNT_LINKING'),
      trustedProviders: listSetting('TRUSTED_PROVIDERS'),
      allowDifferentEmails: isOn('ALLOW_DIFFERENT_EMAILS'),
      disableImplicitLinking: isOn('DISABLE_IMPLICIT_LINKING'),
      allowUnlinkingAll: isOn('ALLOW_UNLINKING_ALL'),
      updateUserInfoOnLink: isOn('UPDATE_USER_INFO_ON_LINK'),
    },
  };
}
