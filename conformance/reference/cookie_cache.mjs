// Reads and writes cookie caches with Better Auth. Input is {secret, cookies, names, plugins} as JSON on standard
// input. With plugins, the plugins twoFactor and admin are on. Output is {read, written}: for each Cookie header in
// cookies, the cached user's name (null when Better Auth rejects the cookie), and for each name the Cookie header of a
// new user after a sign-up. Needs no database.
import { text } from 'node:stream/consumers';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { getCookieCache } from 'better-auth/cookies';
import { admin, twoFactor } from 'better-auth/plugins';
import { baseURL } from './options.mjs';

const { secret, cookies, names, plugins } = JSON.parse(await text(process.stdin));

const read = [];
for (const cookie of cookies) {
  const found = await getCookieCache(new Headers({ cookie }), { secret, isSecure: false, version: '1' });
  read.push(found?.user.name ?? null);
}

const auth = betterAuth({
  baseURL,
  secret,
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], twoFactor: [] }),
  emailAndPassword: { enabled: true },
  session: { cookieCache: { enabled: true } },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: plugins ? [twoFactor(), admin()] : [],
});
const written = [];
for (const [i, name] of names.entries()) {
  const response = await auth.handler(
    new Request(`${baseURL}/api/auth/sign-up/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: baseURL },
      body: JSON.stringify({ name, email: `person${i}@example.com`, password: 'correct horse' }),
    }),
  );
  written.push(
    response.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; '),
  );
}
console.log(JSON.stringify({ read, written }));
