// The library's configuration in every comparison: what Xenon does by default, said in the library's words.
import { bearer, jwt } from "better-auth/plugins";
import pg from "pg";

export const baseURL = process.env.BETTER_AUTH_URL ?? "http://localhost:3000";

// The pool is returned too, because its owner has to end it.
export function connect() {
  const { DATABASE_URL } = process.env;
  if (!DATABASE_URL) {
    console.error("DATABASE_URL is missing: which database?");
    process.exit(2);
  }
  return new pg.Pool({ connectionString: DATABASE_URL, max: 4 });
}

export function options(pool) {
  return {
    baseURL,
    secret: process.env.BETTER_AUTH_SECRET,
    database: pool,
    emailAndPassword: { enabled: true },
    rateLimit: { storage: "database" },
    advanced: { database: { generateId: "uuid" } },
    telemetry: { enabled: false },
    plugins: [
      jwt({
        jwks: { keyPairConfig: { alg: "RS256" } },
        jwt: { expirationTime: "7d" },
      }),
      bearer(),
    ],
  };
}
