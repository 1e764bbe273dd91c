// Better Auth's options for social sign-in, from Xenon's settings. A provider without settings is not configured.
const builtIn = [
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
const on = (name) => env[name] === 'on';
const off = (name) => env[name] === 'off';
const list = (name) => (env[name] ?? '').split(/[ ,]+/).filter(Boolean);

// The settings that every provider has, under Better Auth's names.
function common(prefix) {
  const ids = list(`${prefix}_CLIENT_ID`);
  return {
    clientId: ids.length > 1 ? ids : ids[0],
    clientSecret: env[`${prefix}_CLIENT_SECRET`],
    scope: list(`${prefix}_SCOPE`),
    disableSignUp: on(`${prefix}_DISABLE_SIGNUP`) || off('SIGN_UP'),
    disableImplicitSignUp: on(`${prefix}_DISABLE_IMPLICIT_SIGNUP`),
    overrideUserInfoOnSignIn: on(`${prefix}_OVERRIDE_USER_INFO`),
    requireEmailVerification: on(`${prefix}_REQUIRE_EMAIL_VERIFICATION`),
  };
}

// The settings that only one provider has. For an undefined setting Better Auth uses its default.
const specific = {
  google: () => ({ accessType: env.GOOGLE_ACCESS_TYPE, prompt: env.GOOGLE_PROMPT, hd: env.GOOGLE_HD }),
  microsoft: () => ({ tenantId: env.MICROSOFT_TENANT_ID }),
  gitlab: () => ({ issuer: env.GITLAB_ISSUER }),
};

export function socialProviders() {
  const configured = builtIn.filter((id) => env[`${id.toUpperCase()}_CLIENT_ID`]);
  return Object.fromEntries(configured.map((id) => [id, { ...common(id.toUpperCase()), ...specific[id]?.() }]));
}

// The generic OAuth plugin for the issuers in OIDC_PROVIDERS, with the scopes that Xenon requests.
export function issuers(genericOAuth) {
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
    updateAccountOnSignIn: !off('UPDATE_ACCOUNT_ON_SIGNIN'),
    encryptOAuthTokens: on('ENCRYPT_OAUTH_TOKENS'),
    storeStateStrategy: env.STATE_STRATEGY === 'cookie' ? 'cookie' : 'database',
    accountLinking: {
      enabled: !off('ACCOUNT_LINKING'),
      trustedProviders: list('TRUSTED_PROVIDERS'),
      allowDifferentEmails: on('ALLOW_DIFFERENT_EMAILS'),
      disableImplicitLinking: on('DISABLE_IMPLICIT_LINKING'),
      allowUnlinkingAll: on('ALLOW_UNLINKING_ALL'),
      updateUserInfoOnLink: on('UPDATE_USER_INFO_ON_LINK'),
    },
  };
}
