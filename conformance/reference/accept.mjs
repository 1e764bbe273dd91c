// Runs Better Auth on the existing tables of DATABASE_URL: one sign-up, one get-session, one token. Prints the results
// as JSON. Better Auth checks the tables before the first request, and rejects all requests when they do not match.
import { betterAuth } from 'better-auth';
import { baseURL, openPool, options } from './options.mjs';

const pool = openPool();
try {
  const auth = betterAuth(options(pool));
  const signedUp = await call(auth, 'POST', '/sign-up/email', {
    name: 'Ada',
    email: 'ada@example.com',
    password: 'correct horse battery',
  });
  const { token, user } = signedUp.body;
  const session = await call(auth, 'GET', '/get-session', undefined, token);
  const jwt = await call(auth, 'GET', '/token', undefined, token);
  console.log(
    JSON.stringify({
      signUp: signedUp.status,
      userId: user.id,
      sameUser: session.body?.user?.id === user.id,
      token: jwt.status,
    }),
  );
} finally {
  await pool.end();
}

async function call(auth, method, path, body, token) {
  const headers = { origin: baseURL, 'x-forwarded-for': '192.0.2.1' };
  if (body) headers['content-type'] = 'application/json';
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await auth.handler(
    new Request(`${baseURL}/api/auth${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
    }),
  );
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${method} ${path}: got ${response.status} ${text}, want a status below 300`);
  }
  return { status: response.status, body: JSON.parse(text) };
}
