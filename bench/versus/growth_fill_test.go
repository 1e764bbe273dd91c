package versus

// rowsOfPlugins are statements that insert rows of n users into the tables of the plugins, of social sign-in and of the
// import from Supabase: each user has an account at Google, an authenticator app, a session of Supabase with a refresh
// token, and rows in verification and rateLimit that have not expired. The column twoFactorEnabled stays empty, so that
// the users can sign in with the password alone.
var rowsOfPlugins = []string{
	`INSERT INTO account ("accountId", "providerId", "userId", "accessToken", "updatedAt")
		SELECT 'google-' || i, 'google', md5(i::text)::uuid, 'token-' || i, now()
		FROM generate_series(1, $1) i`,
	`INSERT INTO "twoFactor" (secret, "backupCodes", "userId", verified, "failedVerificationCount")
		SELECT 'secret-' || i, 'codes-' || i, md5(i::text)::uuid, true, 0
		FROM generate_series(1, $1) i`,
	`INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt")
		SELECT md5('supabase-' || i)::uuid, md5(i::text)::uuid, false, now()
		FROM generate_series(1, $1) i`,
	`INSERT INTO "supabaseCredential" (digest, "supabaseSessionId", aal2)
		SELECT sha256(i::text::bytea), md5('supabase-' || i)::uuid, false
		FROM generate_series(1, $1) i`,
	`INSERT INTO verification (identifier, value, "expiresAt")
		SELECT CASE i % 4
		           WHEN 0 THEN 'sign-in-otp-person' || i || '@example.com'
		           WHEN 1 THEN 'auth-state:' || md5(i::text)
		           WHEN 2 THEN '2fa-' || md5(i::text)
		           ELSE 'trust-device-' || md5(i::text)
		       END,
		       md5(i::text)::uuid::text, now() + interval '1 day'
		FROM generate_series(1, $1) i`,
	`INSERT INTO "rateLimit" (key, count, "lastRequest")
		SELECT 'client-' || i, 1, extract(epoch FROM now() + interval '1 hour') * 1000
		FROM generate_series(1, $1) i`,
	`INSERT INTO "supabaseBridge" ("lastPassAt") SELECT now() WHERE $1 > 0`,
}
