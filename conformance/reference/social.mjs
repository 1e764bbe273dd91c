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

const isOn = (env, name) => env[name] === 'on';
const isOff = (env, name) => env[name] === 'off';
const listSetting = (env, name) => (env[name] ?? '').split(/[ ,]+/).filter(Boolean);

// The settings that every provider has, under Better Auth's names.
function commonOptions(env, prefix) {
  const ids = listSetting(env, `${prefix}_CLIENT_ID`);
  return {
    clientId: ids.length > 1 ? ids : ids[0],
    clientSecret: env[`${prefix}_CLIENT_SECRET`],
    scope: listSetting(env, `${prefix}_SCOPE`),
    disableSignUp: isOn(env, `${prefix}_DISABLE_SIGNUP`) || isOff(env, 'SIGN_UP'),
    disableImplicitSignUp: isOn(env, `${prefix}_DISABLE_IMPLICIT_SIGNUP`),
    overrideUserInfoOnSignIn: isOn(env, `${prefix}_OVERRIDE_USER_INFO`),
    requireEmailVerification: isOn(env, `${prefix}_REQUIRE_EMAIL_VERIFICATION`),
  };
}

// The settings that only one provider has. For an undefined setting Better Auth uses its default.
const specificOptions = {
  google: (env) => ({ accessType: env.GOOGLE_ACCESS_TYPE, prompt: env.GOOGLE_PROMPT, hd: env.GOOGLE_HD }),
  microsoft: (env) => ({ tenantId: env.MICROSOFT_TENANT_ID }),
  gitlab: (env) => ({ issuer: env.GITLAB_ISSUER }),
};

export function socialProviders(env) {
  const configured = builtInProviders.filter((id) => env[`${id.toUpperCase()}_CLIENT_ID`]);
  return Object.fromEntries(
    configured.map((id) => [id, { ...commonOptions(env, id.toUpperCase()), ...specificOptions[id]?.(env) }]),
  );
}

// The generic OAuth plugin for the issuers in OIDC_PROVIDERS, with the scopes that Xenon requests.
export function oidcPlugins(genericOAuth, env) {
  if (!env.OIDC_PROVIDERS) return [];
  const config = JSON.parse(env.OIDC_PROVIDERS).map(({ issuer, scopes = [], ...provider }) => ({
    ...provider,
    scopes: ['openid', 'profile', 'email', ...scopes],
    discoveryUrl: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
  }));
  return [genericOAuth({ config })];
}

export function accountOptions(env) {
  return {
    updateAccountOnSignIn: !isOff(env, 'UPDATE_ACCOUNT_ON_SIGNIN'),
    encryptOAuthTokens: isOn(env, 'ENCRYPT_OAUTH_TOKENS'),
    storeStateStrategy: env.STATE_STRATEGY === 'cookie' ? 'cookie' : 'database',
    accountLinking: {
      enabled: !isOff(env, 'ACCOUNT_LINKING'),
      trustedProviders: listSetting(env, 'TRUSTED_PROVIDERS'),
      allowDifferentEmails: isOn(env, 'ALLOW_DIFFERENT_EMAILS'),
      disableImplicitLinking: isOn(env, 'DISABLE_IMPLICIT_LINKING'),
      allowUnlinkingAll: isOn(env, 'ALLOW_UNLINKING_ALL'),
      updateUserInfoOnLink: isOn(env, 'UPDATE_USER_INFO_ON_LINK'),
    },
  };
}
