// Verifies a JWT as any resource server does: with jose, the key set's URL, issuer and audience. Prints the claims.
// Usage: verify.mjs <key set URL> <issuer and audience> <token> [algorithm]
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [jwks, origin, token, algorithm = 'RS256'] = process.argv.slice(2);
const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks)), {
  issuer: origin,
  audience: origin,
  algorithms: [algorithm],
});
console.log(JSON.stringify(payload));
