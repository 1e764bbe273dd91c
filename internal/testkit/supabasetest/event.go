package supabasetest

// event is a change that a user or an admin of a Supabase project makes.
type event struct {
	name       string
	condition  string   // SQL condition on users u that the event can change; "" if it creates users
	statements []string // $1 is an array of user ids, $2 the seed
}

const (
	anyUser      = "true"
	isNotDeleted = "deleted_at IS NULL"
	hasEmail     = "deleted_at IS NULL AND NOT is_sso_user AND email LIKE '%@%' AND email NOT LIKE '%.invalid'"
)

// chosenUsers is the SQL condition for the users that the event changes. It uses both parameters, because every
// statement gets both.
const chosenUsers = ` u.id = ANY ($1::uuid[]) AND $2::text <> '' `

// setUpdatedAt is the SQL with which Supabase Auth sets updated_at when it saves a user.
const setUpdatedAt = ` updated_at = now() `

var events = []event{
	{"sign in", isNotDeleted, []string{`
		UPDATE auth.users u SET last_sign_in_at = now(),` + setUpdatedAt + `WHERE` + chosenUsers}},
	{
		"sign in with a provider",
		isNotDeleted + ` AND EXISTS (SELECT FROM auth.identities i
			WHERE i.user_id = u.id AND provider IN ('google', 'github'))`,
		[]string{`
		UPDATE auth.users u SET last_sign_in_at = now(),` + setUpdatedAt + `WHERE` + chosenUsers, `
		UPDATE auth.identities i SET identity_data = '{"name": "Renamed There"}', updated_at = now()
		FROM auth.users u WHERE i.user_id = u.id AND provider IN ('google', 'github') AND` + chosenUsers},
	},
	{"change the password", isNotDeleted + ` AND encrypted_password LIKE '$2%'`, []string{`
		UPDATE auth.users u SET encrypted_password = '` + changedHash + `',` + setUpdatedAt + `WHERE` + chosenUsers}},
	{"change the email as an admin", hasEmail, []string{`
		UPDATE auth.users u SET email = 'changed.' || md5(id::text || $2) || '@example.com',` + setUpdatedAt +
		`WHERE u.id = ANY ($1::uuid[])`, `
		UPDATE auth.identities i SET identity_data = jsonb_set(identity_data, '{email}', to_jsonb(u.email::text))
		FROM auth.users u WHERE i.user_id = u.id AND provider = 'email' AND jsonb_typeof(identity_data) = 'object' AND` +
		chosenUsers}},
	{"confirm the email", hasEmail + ` AND email_confirmed_at IS NULL AND NOT is_anonymous`, []string{
		`
		UPDATE auth.users u SET email_confirmed_at = now(), confirmation_token = '',` + setUpdatedAt +
			`WHERE` + chosenUsers, `
		UPDATE auth.identities i SET identity_data = jsonb_set(identity_data, '{email_verified}', 'true')
		FROM auth.users u WHERE i.user_id = u.id AND provider = 'email' AND jsonb_typeof(identity_data) = 'object' AND` +
			chosenUsers,
		`
		DELETE FROM auth.one_time_tokens o USING auth.users u WHERE o.user_id = u.id AND token_type = 'confirmation_token'
		AND` + chosenUsers,
	}},
	{
		"link a provider",
		isNotDeleted + ` AND NOT EXISTS (SELECT FROM auth.identities i WHERE i.user_id = u.id AND provider = 'gitlab')`,
		[]string{`
		INSERT INTO auth.identities (id, user_id, provider, provider_id, identity_data, last_sign_in_at, created_at,
		updated_at)
		SELECT md5('linked' || id || $2)::uuid, id, 'gitlab', md5('subject' || id || $2), '{"name": "Linked"}', now(), now(),
		now()
		FROM auth.users u WHERE u.id = ANY ($1::uuid[])`, `
		UPDATE auth.users u SET raw_user_meta_data = '{"name": "Linked"}',` + setUpdatedAt + `WHERE` + chosenUsers},
	},
	{"unlink a provider", isNotDeleted + ` AND EXISTS (SELECT FROM auth.identities i WHERE i.user_id = u.id)`, []string{`
		DELETE FROM auth.identities WHERE id IN (
			SELECT DISTINCT ON (user_id) i.id FROM auth.identities i JOIN auth.users u ON u.id = user_id WHERE` + chosenUsers +
		`ORDER BY user_id, i.id)`, `
		UPDATE auth.users u SET` + setUpdatedAt + `WHERE` + chosenUsers}},
	{"edit by SQL", isNotDeleted, []string{`
		UPDATE auth.users u SET raw_user_meta_data = jsonb_build_object('name', 'Edited ' || md5(id::text || $2))
		WHERE u.id = ANY ($1::uuid[])`}},
	{
		"edit an identity by SQL",
		isNotDeleted + ` AND EXISTS (SELECT FROM auth.identities i WHERE i.user_id = u.id)`,
		[]string{`
		UPDATE auth.identities i SET identity_data = '{"name": "Edited"}' FROM auth.users u WHERE i.user_id = u.id AND` +
			chosenUsers},
	},
	{"enrol a factor", isNotDeleted, []string{`
		INSERT INTO auth.mfa_factors (id, user_id, friendly_name, factor_type, status, created_at, updated_at, secret)
		SELECT md5('factor' || id || $2)::uuid, id, 'enrolled later ' || $2, 'totp', 'unverified', now(), now(),
		'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
		FROM auth.users u WHERE u.id = ANY ($1::uuid[])`}},
	{"edit the profile", isNotDeleted + ` AND EXISTS (SELECT FROM public.profiles p WHERE p.user_id = u.id)`, []string{`
		UPDATE public.profiles p SET learning_mode = CASE learning_mode WHEN 'textual' THEN 'code_first' ELSE 'textual' END
		FROM auth.users u WHERE p.user_id = u.id AND` + chosenUsers}},
	{"write a profile", isNotDeleted + ` AND NOT EXISTS (SELECT FROM public.profiles p WHERE p.user_id = u.id)`, []string{`
		INSERT INTO public.profiles (user_id, learning_speed) SELECT id, 'casual' FROM auth.users u WHERE` + chosenUsers}},
	{"ban", isNotDeleted + ` AND banned_until IS NULL`, []string{`
		UPDATE auth.users u SET banned_until = '2126-01-01 00:00:00+00',` + setUpdatedAt + `WHERE` + chosenUsers}},
	{"lift a ban", isNotDeleted + ` AND banned_until > now()`, []string{`
		UPDATE auth.users u SET banned_until = NULL,` + setUpdatedAt + `WHERE` + chosenUsers}},
	{"soft-delete", isNotDeleted + ` AND email IS NOT NULL`, []string{`
		UPDATE auth.identities i SET provider_id = ` + deletedValue(`provider || ':' || provider_id`) + `,
			identity_data = '{}'
		FROM auth.users u WHERE i.user_id = u.id AND` + chosenUsers, `
		DELETE FROM auth.mfa_factors f USING auth.users u WHERE f.user_id = u.id AND` + chosenUsers, `
		DELETE FROM auth.sessions s USING auth.users u WHERE s.user_id = u.id AND` + chosenUsers, `
		DELETE FROM auth.one_time_tokens o USING auth.users u WHERE o.user_id = u.id AND` + chosenUsers, `
		UPDATE auth.users u SET email = ` + deletedValue(`email`) + `,
			phone = left(` + deletedValue(`coalesce(phone, '')`) + `, 15),
			email_change = ` + deletedValue(`coalesce(email_change, '')`) + `, phone_change = left(` +
		deletedValue(`coalesce(phone_change, '')`) + `, 15),
			encrypted_password = NULL, raw_app_meta_data = '{}', raw_user_meta_data = '{}', confirmation_token = '',
			recovery_token = '', email_change_token_new = '', email_change_token_current = '', phone_change_token = '',
			reauthentication_token = '', deleted_at = now(),` + setUpdatedAt + `WHERE` + chosenUsers}},
	{"delete", anyUser, []string{`
		INSERT INTO auth.audit_log_entries (instance_id, id, payload, created_at)
		SELECT instance_id, md5('audit' || id || $2)::uuid, json_build_object('action', 'user_deleted', 'actor_id', id), now()
		FROM auth.users u WHERE u.id = ANY ($1::uuid[])`, `
		DELETE FROM auth.users u WHERE` + chosenUsers}},
	{"sign up", "", []string{`
		INSERT INTO auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, confirmation_token,
		recovery_token,
			email_change_token_new, email_change, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
		SELECT '` + zeroUUID + `', id, 'authenticated', 'authenticated', 'new.' || md5(id::text || $2) || '@example.com',
			'` + changedHash + `', now(), '', '', '', '', '{"provider": "email", "providers": ["email"]}',
			'{"name": "New Here"}', now(), now()
		FROM unnest($1::uuid[]) id`, `
		INSERT INTO auth.identities (id, user_id, provider, provider_id, identity_data, last_sign_in_at, created_at,
		updated_at)
		SELECT md5('identity' || id)::uuid, id, 'email', id, jsonb_build_object('sub', id, 'email', email, 'email_verified',
		true), now(), now(), now()
		FROM auth.users u WHERE` + chosenUsers, `
		INSERT INTO public.profiles (user_id, learning_speed) SELECT id, 'balanced' FROM auth.users u WHERE` + chosenUsers}},
}

// changedHash is the hash of ChangedPassword.
const changedHash = `$2a$04$cfA8HO.F9ViPz93OF78zGODEtV2Djz8YnyCZ2y1/GpMcLiFel/rdW`

// ChangedPassword is the password of the users whose password Change changed, and of the users that it added.
const ChangedPassword = "claimed-Pass-1"

// deletedValue returns the SQL expression with which Supabase Auth replaces a value of a soft-deleted user.
func deletedValue(value string) string {
	return `rtrim(translate(encode(sha256(convert_to(u.id::text || ` + value + `, 'UTF8')), 'base64'), '+/', '-_'), '=')`
}
