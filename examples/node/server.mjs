// An API that accepts Xenon's tokens, with jose.
import { createServer } from 'node:http';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

const { XENON_ISSUER: issuer, XENON_AUDIENCE: audience = issuer, PORT = '8000' } = process.env;
if (!issuer) throw new Error('set XENON_ISSUER to the public origin of Xenon, such as https://learn.example.com');

// Fetches the keys for the first token, then every five minutes, and for a token with an unknown key at most every ten
// seconds.
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer), {
  cacheMaxAge: 300_000,
  cooldownDuration: 10_000,
});

/** Returns the user of a request, or undefined if it has no valid token. Throws if the keys cannot be fetched. */
async function currentUser(request) {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (!token) return undefined;
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['RS256', 'ES256', 'EdDSA'], // a key verifies only its own algorithm
      issuer,
      audience,
      requiredClaims: ['exp', 'iat', 'sub'],
    });
    return { id: payload.sub, session: payload.sid, email: payload.email };
  } catch (error) {
    // A failed fetch is a TypeError, or has one of these codes; all other errors of jose are about the token.
    if (error instanceof errors.JOSEError && !['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT'].includes(error.code))
      return undefined;
    throw error;
  }
}

function sendJSON(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const server = createServer(async (request, response) => {
  try {
    if (request.method !== 'GET' || request.url !== '/me') return sendJSON(response, 404, { detail: 'not found' });
    const user = await currentUser(request);
    if (!user) return sendJSON(response, 401, { detail: 'the token is not valid' }, { 'WWW-Authenticate': 'Bearer' });
    return sendJSON(response, 200, user);
  } catch (error) {
    console.error(error);
    return sendJSON(response, 503, { detail: 'the keys cannot be fetched' }, { 'Retry-After': '5' });
  }
});

server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
