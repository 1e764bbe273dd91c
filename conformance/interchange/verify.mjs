// Verifies a JWT as a resource server would that knows nothing of Xenon: jose, the key set's URL, issuer and audience.
// verify.mjs <key set URL> <issuer and audience> <token>; prints the claims.
import { createRemoteJWKSet, jwtVerify } from "jose";

const [jwks, origin, token] = process.argv.slice(2);
const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks)), {
  issuer: origin,
  audience: origin,
  algorithms: ["RS256"],
});
console.log(JSON.stringify(payload));
