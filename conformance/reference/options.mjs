// Better Auth's options in the comparisons. They correspond to Xenon's settings and are read from the same environment
// variables, with the same defaults, except that of REVOKE_SESSIONS_ON_PASSWORD_RESET (D78 in docs/divergences.md).
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import pg from 'pg';
import { accountOptions, oidcPlugins, socialProviders } from './social.mjs';

// The package of Better Auth: the pinned version, or an older one under its alias in package.json.
export const packageName = process.env.LIBRARY ?? 'better-auth';
const { admin, bearer, emailOTP, genericOAuth, jwt, magicLink, twoFactor } = await import(`${packageName}/plugins`);
const { verifyPassword } = await import(`${packageName}/crypto`);

export const baseURL = process.env.BETTER_AUTH_URL ?? 'http://localhost:3000';

const isOn = (name) => process.env[name] === 'on';
const isOff = (name) => process.env[name] === 'off';

// Opens a pool on DATABASE_URL. The caller has to end it.
export function openPool() {
  const { DATABASE_URL } = process.env;
  if (!DATABASE_URL) {
    console.error('DATABASE_URL is missing: set it to the URL of the test database');
    process.exit(2);
  }
  return new pg.Pool({ connectionString: DATABASE_URL, max: 4 });
}

// A mail hook that appends a JSON line to MAIL_FILE, as Xenon's outbox does. Without MAIL_FILE there are no mail hooks.
function mailHook(kind) {
  const { MAIL_FILE, MAIL } = process.env;
  if (!MAIL_FILE || MAIL === 'none') return undefined;
  return async ({ user, url, token, newEmail }) => {
    const line = { kind, to: user.email, url, token, newEmail, at: new Date() };
    appendFileSync(MAIL_FILE, `${JSON.stringify(line)}\n`);
  };
}

// The plugin twoFactor if TWO_FACTOR is on. It mails codes if there are mails.
function twoFactorPlugins() {
  if (!isOn('TWO_FACTOR')) return [];
  const send = mailHook('two-factor-otp');
  const sendOTP = send && (({ user, otp }) => send({ user, url: process.env.SITE_URL ?? baseURL, token: otp }));
  return [twoFactor({ otpOptions: { sendOTP } })];
}

// The admin plugin if ADMIN is on. With ADMIN_PLUGIN=silent it is on too, because Xenon enforces the plugin's bans also
// with ADMIN=off. Then responses do not contain the fields that it adds to users and sessions.
function adminPlugins() {
  const { ADMIN_PLUGIN, ADMIN_USER_IDS } = process.env;
  if (isOn('ADMIN')) return [admin({ adminUserIds: ADMIN_USER_IDS?.split(',') })];
  if (!ADMIN_PLUGIN) return [];
  const plugin = admin();
  for (const { fields } of Object.values(plugin.schema)) {
    for (const field of Object.values(fields)) field.returned = false;
  }
  return [plugin];
}

// The plugins of sign-in by mail, with MAGIC_LINK=on and EMAIL_OTP=on. Their mails are lines of MAIL_FILE, too.
function passwordlessPlugins() {
  const disableSignUp = isOff('SIGN_UP');
  const append = (line) => {
    appendFileSync(process.env.MAIL_FILE, `${JSON.stringify({ ...line, at: new Date() })}\n`);
  };
  const sendMagicLink = async ({ email, url, token }) =>
    append({ kind: 'magic-link', to: email.toLowerCase(), url, token });
  const sendVerificationOTP = async ({ email, otp, type }) =>
    append({ kind: 'email-otp', to: email, token: otp, type });
  return [
    ...(isOn('MAGIC_LINK') ? [magicLink({ sendMagicLink, disableSignUp })] : []),
    ...(isOn('EMAIL_OTP') ? [emailOTP({ sendVerificationOTP, disableSignUp })] : []),
  ];
}

// With CHEAP_HASHES=on, passwords are stored as SHA-256, which takes a thousandth of the time of scrypt. Better Auth
// still verifies other hashes. This is for comparisons of responses, because responses contain no hashes.
function cheapHashes() {
  if (!isOn('CHEAP_HASHES')) return undefined;
  const hash = async (password) => `sha256:${createHash('sha256').update(password.normalize('NFKC')).digest('hex')}`;
  return {
    hash,
    verify: async ({ hash: stored, password }) =>
      stored.startsWith('sha256:') ? stored === (await hash(password)) : verifyPassword({ hash: stored, password }),
  };
}

// Returns the options of betterAuth() with a pool of connections to the database.
export function options(pool) {
  return {
    appName: process.env.APP_NAME ?? new URL(baseURL).hostname,
    baseURL,
    secret: process.env.BETTER_AUTH_SECRET,
    trustedOrigins: (process.env.BETTER_AUTH_TRUSTED_ORIGINS ?? '').split(',').filter(Boolean),
    database: pool,
    emailAndPassword: {
      enabled: true,
      disableSignUp: isOff('SIGN_UP'),
      requireEmailVerification: isOn('REQUIRE_EMAIL_VERIFICATION'),
      revokeSessionsOnPasswordReset: isOn('REVOKE_SESSIONS_ON_PASSWORD_RESET'),
      sendResetPassword: mailHook('reset-password'),
      password: cheapHashes(),
    },
    emailVerification: {
      sendOnSignIn: isOn('SEND_VERIFICATION_ON_SIGN_IN'),
      autoSignInAfterVerification: isOn('AUTO_SIGN_IN_AFTER_VERIFICATION'),
      sendVerificationEmail: mailHook('verify-email'),
    },
    user: {
      changeEmail: {
        enabled: !isOff('CHANGE_EMAIL'),
        sendChangeEmailConfirmation: isOn('CHANGE_EMAIL_CONFIRMATION')
          ? mailHook('change-email-confirmation')
          : undefined,
      },
      deleteUser: {
        enabled: !isOff('DELETE_USER'),
        sendDeleteAccountVerification: isOn('DELETE_USER_VERIFICATION') ? mailHook('delete-account') : undefined,
      },
    },
    account: accountOptions(),
    socialProviders: socialProviders(),
    session: {
      cookieCache: { enabled: process.env.COOKIE_CACHE === 'compact' },
    },
    rateLimit: { storage: 'database', enabled: !isOff('RATE_LIMIT') },
    advanced: { database: { generateId: process.env.IDS === 'text' ? undefined : 'uuid' } },
    telemetry: { enabled: false },
    plugins: [
      jwt({
        jwks: { keyPairConfig: { alg: process.env.JWT_ALG ?? 'RS256' } },
        jwt: { expirationTime: '7d' },
      }),
      // Before bearer, which would otherwise send the token of the session that the challenge replaces.
      ...twoFactorPlugins(),
      bearer(),
      ...adminPlugins(),
      ...passwordlessPlugins(),
      ...oidcPlugins(genericOAuth),
    ],
  };
}
