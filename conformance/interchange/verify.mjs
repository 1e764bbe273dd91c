// Verifies a JWT as a resource server would that knows nothing of Xenon: jose, the key set's URL, issuer and audience.
// verify.mjs <key set URL> <issuer and audience> <token> [algorithm]; prints the claims.
import { createRemoteJWKSet, jwtVerify } from "jose";

const [jwks, origin, token, algorithm = "RS256"] = process.argv.slice(2);
const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks)), {
  issuer: origin,
  audience: origin,
  algorithms: [algorithm],
});
console.log(JSON.stringify(payload));
