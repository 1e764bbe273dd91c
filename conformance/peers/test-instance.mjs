// Replaces Better Auth's test-utils/test-instance, which creates Better Auth inside the process of the test. Here each
// instance is a server in another process, called over HTTP. The URL PEERS_CONTROLLER starts a server (Xenon or Better
// Auth) for each instance, with settings that correspond to the instance's options. Options without a corresponding
// setting of Xenon are ignored, for both servers.
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import pg from 'pg';
import { afterAll } from 'vitest';
import { betterAuth } from './better-auth/src/auth/full';
import { createAuthClient } from './better-auth/src/client';
import { parseSetCookieHeader, setCookieToHeader } from './better-auth/src/cookies';
import { getAdapter } from './better-auth/src/db/adapter-kysely';
import { bearer } from './better-auth/src/plugins';

const callers = new AsyncLocalStorage();
const pools = new Set();
const realFetch = globalThis.fetch;

afterAll(async () => {
  for (const pool of pools) await pool.end();
});

const onOff = (value) => (value ? 'on' : 'off');

/** The settings of Xenon that correspond to Better Auth's options. */
function toXenonSettings(options, origin) {
  const { emailAndPassword: password = {}, emailVerification: verification = {}, user = {}, session = {} } = options;
  return {
    BETTER_AUTH_URL: origin,
    BETTER_AUTH_SECRET: options.secret,
    RATE_LIMIT: onOff(options.rateLimit?.enabled),
    REQUIRE_EMAIL_VERIFICATION: onOff(password.requireEmailVerification),
    REVOKE_SESSIONS_ON_PASSWORD_RESET: onOff(password.revokeSessionsOnPasswordReset),
    SIGN_UP: onOff(!password.disableSignUp),
    SEND_VERIFICATION_ON_SIGN_IN: onOff(verification.sendOnSignIn),
    AUTO_SIGN_IN_AFTER_VERIFICATION: onOff(verification.autoSignInAfterVerification),
    CHANGE_EMAIL: onOff(user.changeEmail?.enabled),
    CHANGE_EMAIL_CONFIRMATION: onOff(user.changeEmail?.sendChangeEmailConfirmation),
    DELETE_USER: onOff(user.deleteUser?.enabled),
    DELETE_USER_VERIFICATION: onOff(user.deleteUser?.sendDeleteAccountVerification),
    COOKIE_CACHE: session.cookieCache?.enabled ? 'compact' : 'off',
    COOKIE_CACHE_MAX_AGE: String(session.cookieCache?.maxAge ?? 300),
    BETTER_AUTH_TRUSTED_ORIGINS: Array.isArray(options.trustedOrigins) ? options.trustedOrigins.join(',') : '',
    SHARED_DATABASE: 'on', // the Better Auth of this process reads and writes the same rows
  };
}

/** The mail hooks of the options, by the kind of mail. */
function mailHooks(options) {
  return {
    'verify-email': options.emailVerification?.sendVerificationEmail,
    'reset-password': options.emailAndPassword?.sendResetPassword,
    'change-email-confirmation': options.user?.changeEmail?.sendChangeEmailConfirmation,
    'delete-account': options.user?.deleteUser?.sendDeleteAccountVerification,
  };
}

async function startServer(env) {
  const response = await realFetch(process.env.PEERS_CONTROLLER, { method: 'POST', body: JSON.stringify(env) });
  if (!response.ok) throw new Error(`the controller starts no server for these options: ${await response.text()}`);
  return response.json();
}

/** Sends a request to the server's own URL. It does not use fetch, which adds headers that browsers send. */
async function sendOverHTTP(serverURL, request) {
  const { pathname, search } = new URL(request.url);
  const headers = Object.fromEntries(request.headers);
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  if (body) headers['content-length'] = String(body.length);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(serverURL + pathname + search, { method: request.method, headers }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const received = new Headers();
        for (let i = 0; i < answer.rawHeaders.length; i += 2)
          received.append(answer.rawHeaders[i], answer.rawHeaders[i + 1]);
        const empty = [204, 205, 304].includes(answer.statusCode);
        resolve(new Response(empty ? null : Buffer.concat(chunks), { status: answer.statusCode, headers: received }));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function originOf(options, config) {
  const fallback = `http://localhost:${config?.port ?? 3000}`;
  const base = typeof options.baseURL === 'string' && options.baseURL ? options.baseURL : fallback;
  return new URL(base).origin;
}

export async function getTestInstance(given = {}, config = {}) {
  const options = {
    secret: 'better-auth-secret-that-is-long-enough-for-validation-test',
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    socialProviders: {
      github: { clientId: 'test', clientSecret: 'test' },
      google: { clientId: 'test', clientSecret: 'test' },
    },
    ...given,
  };
  const origin = originOf(options, config);
  const server = await startServer(toXenonSettings(options, origin));
  const pool = new pg.Pool({ connectionString: server.database, max: 2 });
  pools.add(pool);

  // Better Auth with the options of the test, on the server's database: for its adapter, options and list of endpoints.
  const local = betterAuth({
    baseURL: `http://localhost:${config.port ?? 3000}`,
    ...options,
    database: pool,
    advanced: { ...options.advanced, database: { generateId: 'uuid', ...options.advanced?.database } },
    plugins: [bearer(), ...(options.plugins ?? [])],
  });

  const hooks = mailHooks(options);
  let read = 0;
  async function callMailHooks() {
    let text;
    try {
      text = readFileSync(server.mails, 'utf8');
    } catch {
      return;
    }
    const lines = text.slice(read).split('\n').filter(Boolean);
    read = text.length;
    for (const line of lines) {
      const { kind, to, url, token, newEmail } = JSON.parse(line);
      const { rows } = await pool.query('SELECT * FROM "user" WHERE email = $1', [to]);
      try {
        await hooks[kind]?.({ user: rows[0] ?? { email: to }, url, token, newEmail }, new Request(url || origin));
      } catch {
        // A failing hook does not change the response: Better Auth only logs it.
      }
    }
  }

  async function send(request) {
    const response = await sendOverHTTP(server.address, request);
    await callMailHooks();
    return response;
  }

  const api = new Proxy(local.api, {
    get: (endpoints, name) => {
      const endpoint = endpoints[name];
      if (typeof endpoint !== 'function' || !endpoint.path) return endpoint;
      return Object.assign((input) => callEndpoint(endpoint, input, send, origin), endpoint);
    },
  });
  const auth = {
    handler: send,
    api,
    options: local.options,
    $context: local.$context,
    $ERROR_CODES: local.$ERROR_CODES,
  };

  const customFetchImpl = async (url, init) => {
    const headers = new Headers(callers.getStore()?.headers);
    for (const [name, value] of new Headers(init?.headers ?? {})) headers.set(name, value);
    return send(new Request(url, { ...init, headers }));
  };

  const client = createAuthClient({
    ...config.clientOptions,
    baseURL: `${typeof options.baseURL === 'string' ? new URL(options.baseURL).origin : origin}/api/auth`,
    fetchOptions: { customFetchImpl },
  });

  const testUser = { email: 'test@test.com', password: 'test123456', name: 'test user', ...config.testUser };
  if (!config.disableTestUser) await api.signUpEmail({ body: testUser });

  const storeSessionCookie = (headers) => (context) => {
    const cookies = parseSetCookieHeader(context.response.headers.get('set-cookie') ?? '');
    const token = cookies.get('better-auth.session_token')?.value;
    if (token) headers.set('cookie', `better-auth.session_token=${token}`);
  };
  async function signIn(email, password) {
    const headers = new Headers();
    const { data } = await client.signIn.email({
      email,
      password,
      fetchOptions: { onSuccess: storeSessionCookie(headers) },
    });
    return { data, headers };
  }

  return {
    auth,
    client,
    testUser,
    customFetchImpl,
    cookieSetter: setCookieToHeader,
    sessionSetter: storeSessionCookie,
    db: await getAdapter(local.options),
    async signInWithTestUser() {
      const { data, headers } = await signIn(testUser.email, testUser.password);
      return {
        session: data.session,
        user: data.user,
        headers,
        setCookie: (name, value) => headers.set('cookie', `${headers.get('cookie') ?? ''}; ${name}=${value}`),
        runWithUser: (run) => callers.run({ headers }, () => run(headers)),
      };
    },
    async signInWithUser(email, password) {
      const { data, headers } = await signIn(email, password);
      return { res: data, headers };
    },
    async runWithUser(email, password, run) {
      const { headers } = await signIn(email, password);
      return callers.run({ headers }, () => run(headers));
    },
  };
}

/** Calls an endpoint over HTTP, and returns what auth.api.name(input) would return inside one process. */
async function callEndpoint(endpoint, input = {}, send, origin) {
  const method = [endpoint.options?.method ?? 'GET'].flat();
  const verb = input.method ?? (input.body !== undefined && method.includes('POST') ? 'POST' : method[0]);
  const path = endpoint.path.replace(/:(\w+)/g, (_, name) => encodeURIComponent(input.params?.[name] ?? ''));
  const url = new URL(`/api/auth${path}`, origin);
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const headers = new Headers(input.headers ?? input.request?.headers);
  if (!headers.has('origin')) headers.set('origin', origin); // a direct call needs no Origin header
  if (verb !== 'GET') headers.set('content-type', 'application/json');
  headers.delete('content-length');
  const body = verb === 'GET' ? undefined : JSON.stringify(input.body ?? {});
  const response = await send(new Request(url, { method: verb, headers, body }));
  if (input.asResponse) return response;
  const text = await response.text();
  const answer = parseJSONOrText(text);
  if (response.status >= 300) throw await apiError(response, answer);
  if (!input.returnHeaders && !input.returnStatus) return answer;
  return { headers: response.headers, response: answer, status: response.status };
}

function parseJSONOrText(text) {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

async function apiError(response, body) {
  const { APIError } = await import('better-call');
  const names = { 302: 'FOUND', 400: 'BAD_REQUEST', 401: 'UNAUTHORIZED', 403: 'FORBIDDEN', 404: 'NOT_FOUND' };
  return new APIError(names[response.status] ?? response.status, body ?? {}, response.headers, response.status);
}
