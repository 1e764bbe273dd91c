// Verifies a JWT with the npm package jose, as a resource server does: with the JWKS URL, the issuer and the audience.
// Prints the claims. Usage: verify.mjs <JWKS URL> <issuer and audience> <token> [algorithm]
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [jwks, origin, token, algorithm = 'RS256'] = process.argv.slice(2);
const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks)), {
  issuer: origin,
  audience: origin,
  algorithms: [algorithm],
});
console.log(JSON.stringify(payload));
