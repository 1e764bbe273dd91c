// Better Auth's options in the comparisons. They correspond to Xenon's settings and have the same names and defaults,
// except that of REVOKE_SESSIONS_ON_PASSWORD_RESET (D78 in docs/divergences.md).
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import pg from 'pg';
import { accountOptions, oidcPlugins, socialProviders } from './social.mjs';

// The package of Better Auth: the pinned version, or an older one under its alias in package.json.
export const packageName = process.env.LIBRARY ?? 'better-auth';
const { admin, bearer, emailOTP, genericOAuth, jwt, magicLink, twoFactor } = await import(`${packageName}/plugins`);
const { hashPassword, verifyPassword } = await import(`${packageName}/crypto`);

const publicURL = (env) => env.BETTER_AUTH_URL ?? 'http://localhost:3000';
export const baseURL = publicURL(process.env);

// Opens a pool on DATABASE_URL. The caller has to end it.
export function openPool({ DATABASE_URL } = process.env) {
  if (!DATABASE_URL) throw new Error('DATABASE_URL is missing: set it to the URL of the test database');
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 4 });
  // Without listeners, the end of an idle connection, for example with its database, would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

// A mail hook that appends a JSON line to MAIL_FILE, as Xenon's outbox does. Without MAIL_FILE there are no mail hooks.
function mailHook(kind, { MAIL_FILE, MAIL }) {
  if (!MAIL_FILE || MAIL === 'none') return undefined;
  return async ({ user, url, token, newEmail }) => {
    const line = { kind, to: user.email, url, token, newEmail, at: new Date() };
    appendFileSync(MAIL_FILE, `${JSON.stringify(line)}\n`);
  };
}

// The plugin twoFactor if TWO_FACTOR is on. It mails codes if there are mails.
function twoFactorPlugins(env) {
  if (env.TWO_FACTOR !== 'on') return [];
  const send = mailHook('two-factor-otp', env);
  const sendOTP = send && (({ user, otp }) => send({ user, url: env.SITE_URL ?? publicURL(env), token: otp }));
  return [twoFactor({ otpOptions: { sendOTP } })];
}

// The admin plugin if ADMIN is on. With ADMIN_PLUGIN=silent it is on too, because Xenon enforces the plugin's bans also
// with ADMIN=off. Then responses do not contain the fields that it adds to users and sessions.
function adminPlugins({ ADMIN, ADMIN_PLUGIN, ADMIN_USER_IDS }) {
  if (ADMIN === 'on') return [admin({ adminUserIds: ADMIN_USER_IDS?.split(',') })];
  if (!ADMIN_PLUGIN) return [];
  const plugin = admin();
  // Copies, because the fields are objects that all servers of the process share.
  const schema = Object.entries(plugin.schema).map(([table, { fields, ...rest }]) => {
    const hidden = Object.entries(fields).map(([name, field]) => [name, { ...field, returned: false }]);
    return [table, { ...rest, fields: Object.fromEntries(hidden) }];
  });
  return [{ ...plugin, schema: Object.fromEntries(schema) }];
}

// The plugins of sign-in by mail, with MAGIC_LINK=on and EMAIL_OTP=on. Their mails are lines of MAIL_FILE, too.
function passwordlessPlugins({ MAIL_FILE, SIGN_UP, MAGIC_LINK, EMAIL_OTP }) {
  const disableSignUp = SIGN_UP === 'off';
  const append = (line) => {
    appendFileSync(MAIL_FILE, `${JSON.stringify({ ...line, at: new Date() })}\n`);
  };
  const sendMagicLink = async ({ email, url, token }) =>
    append({ kind: 'magic-link', to: email.toLowerCase(), url, token });
  const sendVerificationOTP = async ({ email, otp, type }) =>
    append({ kind: 'email-otp', to: email, token: otp, type });
  return [
    ...(MAGIC_LINK === 'on' ? [magicLink({ sendMagicLink, disableSignUp })] : []),
    ...(EMAIL_OTP === 'on' ? [emailOTP({ sendVerificationOTP, disableSignUp })] : []),
  ];
}

// With CHEAP_HASHES=on, passwords are stored as SHA-256, which takes a thousandth of the time of scrypt. Better Auth
// still verifies other hashes. This is for comparisons of responses, because responses contain no hashes.
// With CHEAP_HASHES=repeated, Better Auth's own functions hash and verify each password, but only once in this process:
// users with the same password have the same hash. This is for tests that are not about the hash.
function cheapHashes({ CHEAP_HASHES }) {
  if (CHEAP_HASHES === 'repeated') return repeatedHashes;
  if (CHEAP_HASHES !== 'on') return undefined;
  const hash = async (password) => `sha256:${createHash('sha256').update(password.normalize('NFKC')).digest('hex')}`;
  return {
    hash,
    verify: async ({ hash: stored, password }) =>
      stored.startsWith('sha256:') ? stored === (await hash(password)) : verifyPassword({ hash: stored, password }),
  };
}

const remember = (results, key, compute) => {
  if (!results.has(key)) results.set(key, compute());
  return results.get(key);
};
const hashes = new Map(); // promises, by password
const verifications = new Map(); // promises, by hash and password
const repeatedHashes = {
  hash: (password) => remember(hashes, password, () => hashPassword(password)),
  verify: (input) => remember(verifications, `${input.hash} ${input.password}`, () => verifyPassword(input)),
};

// Returns the secrets in BETTER_AUTH_SECRETS. Better Auth reads this variable itself, but all servers of the tests
// have the same environment.
function versionedSecrets({ BETTER_AUTH_SECRETS }) {
  if (!BETTER_AUTH_SECRETS) return undefined;
  return BETTER_AUTH_SECRETS.split(',').map((entry) => {
    const [version, value] = entry.split(':');
    return { version: Number(version), value };
  });
}

// Returns the options of betterAuth() with a pool of connections to the database and the settings env.
export function options(pool, env = process.env) {
  const isOn = (name) => env[name] === 'on';
  const isOff = (name) => env[name] === 'off';
  return {
    appName: env.APP_NAME ?? new URL(publicURL(env)).hostname,
    baseURL: publicURL(env),
    secret: env.BETTER_AUTH_SECRET,
    secrets: versionedSecrets(env),
    trustedOrigins: (env.BETTER_AUTH_TRUSTED_ORIGINS ?? '').split(',').filter(Boolean),
    database: pool,
    emailAndPassword: {
      enabled: true,
      disableSignUp: isOff('SIGN_UP'),
      requireEmailVerification: isOn('REQUIRE_EMAIL_VERIFICATION'),
      revokeSessionsOnPasswordReset: isOn('REVOKE_SESSIONS_ON_PASSWORD_RESET'),
      sendResetPassword: mailHook('reset-password', env),
      password: cheapHashes(env),
    },
    emailVerification: {
      sendOnSignIn: isOn('SEND_VERIFICATION_ON_SIGN_IN'),
      autoSignInAfterVerification: isOn('AUTO_SIGN_IN_AFTER_VERIFICATION'),
      sendVerificationEmail: mailHook('verify-email', env),
    },
    user: {
      changeEmail: {
        enabled: !isOff('CHANGE_EMAIL'),
        sendChangeEmailConfirmation: isOn('CHANGE_EMAIL_CONFIRMATION')
          ? mailHook('change-email-confirmation', env)
          : undefined,
      },
      deleteUser: {
        enabled: !isOff('DELETE_USER'),
        sendDeleteAccountVerification: isOn('DELETE_USER_VERIFICATION') ? mailHook('delete-account', env) : undefined,
      },
    },
    account: accountOptions(env),
    socialProviders: socialProviders(env),
    session: {
      cookieCache: { enabled: env.COOKIE_CACHE === 'compact' },
    },
    rateLimit: { storage: 'database', enabled: !isOff('RATE_LIMIT') },
    advanced: { database: { generateId: env.IDS === 'text' ? undefined : 'uuid' } },
    telemetry: { enabled: false },
    plugins: [
      jwt({
        jwks: { keyPairConfig: { alg: env.JWT_ALG ?? 'RS256' } },
        jwt: { expirationTime: '7d' },
      }),
      // Before bearer, which would otherwise send the token of the session that the challenge replaces.
      ...twoFactorPlugins(env),
      bearer(),
      ...adminPlugins(env),
      ...passwordlessPlugins(env),
      ...oidcPlugins(genericOAuth, env),
    ],
  };
}
