package supabasetest

import (
	"fmt"
	"strings"
	"testing"
)

// requiredRows has SQL conditions by table. Each condition holds for at least one row of every source with
// minUsersForAllKinds users or more. The conditions do not use the code of the user kinds.
var requiredRows = map[string][]string{
	"auth.users u": {
		"email_confirmed_at IS NOT NULL AND encrypted_password LIKE '$2a$%'",
		"email IS NOT NULL AND email_confirmed_at IS NULL AND confirmation_token <> ''",
		"email IS NULL AND phone ~ '^[1-9][0-9]+$' AND phone_confirmed_at IS NOT NULL",
		"email IS NULL AND phone ~ '^[1-9][0-9]+$' AND phone_confirmed_at IS NULL",
		"is_anonymous AND email IS NULL AND phone IS NULL AND encrypted_password = '' AND raw_app_meta_data = '{}'",
		"NOT is_anonymous AND email IS NOT NULL AND raw_app_meta_data = '{}'",
		"NOT is_anonymous AND email IS NULL AND phone IS NULL",
		"email = ''",
		"phone = ''",
		"email <> '' AND btrim(email) = ''",
		"invited_at IS NOT NULL AND encrypted_password = ''",
		"is_sso_user AND EXISTS (SELECT FROM auth.users o WHERE o.email = u.email AND NOT o.is_sso_user)",
		"is_sso_user AND NOT EXISTS (SELECT FROM auth.users o WHERE o.email = u.email AND o.id <> u.id)",
		"is_sso_user AND EXISTS (SELECT FROM auth.users o WHERE o.email = u.email AND o.is_sso_user AND o.id <> u.id)",
		"length(email) = 43 AND email !~ '@' AND length(phone) = 15 AND encrypted_password IS NULL AND raw_user_meta_data " +
			"= '{}' AND deleted_at IS NOT NULL",
		"deleted_at IS NOT NULL AND email LIKE '%@%'",
		"banned_until > now() AND isfinite(banned_until)",
		"banned_until < now()",
		"banned_until = 'infinity'",
		"banned_until = '-infinity'",
		"email <> lower(email) AND EXISTS (SELECT FROM auth.users o WHERE o.id <> u.id AND lower(o.email) = lower(u.email))",
		"(SELECT count(*) FROM auth.users o WHERE lower(o.email) = lower(u.email)) >= 3",
		"email LIKE 'İ%'",
		"email LIKE '%Σ@%'",
		"email LIKE U&'\\212Aate%'",
		"email ~ '[^[:ascii:]]'",
		"email !~ '@' AND deleted_at IS NULL",
		"length(email) = 255",
		"EXISTS (SELECT FROM auth.identities i WHERE i.user_id = u.id AND provider = 'google') AND encrypted_password LIKE " +
			"'$%' AND NOT EXISTS (SELECT FROM auth.identities i WHERE i.user_id = u.id AND provider = 'email')",
		"encrypted_password LIKE '$%' AND NOT EXISTS (SELECT FROM auth.identities i WHERE i.user_id = u.id)",
		"(SELECT count(*) FROM auth.identities i WHERE i.user_id = u.id) >= 3",
		"EXISTS (SELECT FROM auth.identities i WHERE i.user_id = u.id GROUP BY provider HAVING count(*) > 1)",
		"EXISTS (SELECT FROM auth.identities i WHERE i.user_id = u.id AND provider = 'google') AND email IS NOT NULL AND " +
			"email_confirmed_at IS NULL OR email IS NULL AND EXISTS (SELECT FROM auth.identities i WHERE i.user_id = u.id AND " +
			"provider = 'facebook')",
		"encrypted_password LIKE '{%' AND length(encrypted_password) = 180",
		"encrypted_password LIKE '$2_$15$%'",
		"encrypted_password LIKE '$2_$31$%'",
		"encrypted_password LIKE '%m=1048576%'",
		"encrypted_password IS NULL",
		"encrypted_password = ''",
		"created_at IS NULL",
		"updated_at IS NULL",
		"created_at = 'infinity'",
		"created_at = '-infinity'",
		"updated_at = 'infinity'",
		"extract(year FROM created_at) = 1",
		"extract(year FROM created_at) = 1900",
		"extract(year FROM created_at) < 0",
		"extract(year FROM created_at) = 9999",
		"extract(year FROM created_at) = 294276",
		"updated_at < created_at",
		"raw_user_meta_data IS NULL",
		"raw_app_meta_data IS NULL",
		"jsonb_typeof(raw_user_meta_data) = 'array'",
		"jsonb_typeof(raw_user_meta_data) = 'string'",
		"jsonb_typeof(raw_user_meta_data) = 'number'",
		"jsonb_typeof(raw_user_meta_data) = 'boolean'",
		"jsonb_typeof(raw_user_meta_data) = 'null'",
		"jsonb_typeof(raw_app_meta_data) = 'array'",
		"length(raw_user_meta_data::text) > 1000000",
		"raw_user_meta_data::text LIKE repeat('{\"a\": [', 300) || '%'",
		"raw_user_meta_data::text LIKE '%12345678901234567890123%1.10%'",
		"raw_user_meta_data->>'name' LIKE '%' || chr(27) || '%'",
		"raw_user_meta_data->>'name' = ''",
		"raw_user_meta_data->>'name' ~ '^\\s+$'",
		"jsonb_typeof(raw_user_meta_data->'name') = 'number'",
		"jsonb_typeof(raw_user_meta_data->'name') = 'null'",
		"raw_user_meta_data->>'name' LIKE E'%\\n%\\t%\\\\\\\\%\"%'",
		"raw_user_meta_data->>'name' LIKE '%👩%'",
		"raw_user_meta_data->>'name' LIKE '%مح%'",
		"role = 'service_role'",
		"role = ''",
		"role IS NULL",
		"aud <> 'authenticated'",
		"is_super_admin",
		"instance_id IS NULL",
		"email_change LIKE '%@%'",
		"phone_change ~ '^[0-9]+$'",
		"recovery_token <> ''",
		"reauthentication_token <> ''",
		"confirmation_token IS NULL",
		"phone LIKE '+1555%'",
		"phone LIKE '% %'",
		"phone LIKE '0%'",
		"phone ~ '[a-z]' AND deleted_at IS NULL",
		"phone ~ '^[0-9]{16,}$'",
		"(SELECT count(*) FROM auth.users o WHERE regexp_replace(o.phone, '[^0-9]', '', 'g') = regexp_replace(u.phone, " +
			"'[^0-9]', '', 'g') AND u.phone <> '') >= 3",
		"id = '00000000-0000-0000-0000-000000000001'",
		"id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'",
	},
	"auth.identities i": {
		"provider = 'email'",
		"provider = 'phone'",
		"provider LIKE 'sso:%'",
		"provider = 'web3'",
		"provider LIKE 'custom:%'",
		"provider = 'azure' AND identity_data #>> '{custom_claims,oid}' IS NOT NULL",
		"provider = 'azure' AND identity_data #>> '{custom_claims,oid}' IS NULL",
		"provider = 'azure' AND identity_data ? 'oid' AND jsonb_typeof(identity_data #> '{custom_claims,oid}') = 'number'",
		"provider = 'x' AND EXISTS (SELECT FROM auth.identities o WHERE o.provider = 'twitter' AND o.provider_id = " +
			"i.provider_id AND o.user_id = i.user_id)",
		"provider = 'x' AND EXISTS (SELECT FROM auth.identities o WHERE o.provider = 'twitter' AND o.provider_id = " +
			"i.provider_id AND o.user_id <> i.user_id)",
		"created_at IS NULL",
		"jsonb_typeof(identity_data) <> 'object'",
		"identity_data = '{}' AND length(provider_id) = 43",
		"provider = 'phone' AND NOT identity_data ? 'phone'",
		"provider = 'email' AND identity_data->>'email_verified' = 'false'",
		"provider_id LIKE '%🦊%'",
		"email <> (SELECT u.email FROM auth.users u WHERE u.id = user_id)",
	},
	"auth.mfa_factors": {
		"factor_type = 'totp' AND status = 'verified'",
		"factor_type = 'totp' AND status = 'unverified'",
		"factor_type = 'phone' AND status = 'verified'",
		"factor_type = 'phone' AND status = 'unverified'",
		"factor_type = 'webauthn'",
		"secret LIKE '{%'",
	},
	"auth.webauthn_credentials": {"true"}, "auth.sessions": {"true"}, "auth.one_time_tokens": {"true"},
	"auth.sso_providers": {"true"}, "auth.sso_domains": {"true"}, "auth.saml_providers": {"true"},
	"auth.audit_log_entries": {"payload->>'action' = 'user_deleted'", "payload->>'action' = 'login'"},
	"public.profiles p": {
		"NOT EXISTS (SELECT FROM auth.users u WHERE u.id = p.user_id)",
		"EXISTS (SELECT FROM auth.users u WHERE u.id = p.user_id AND deleted_at IS NOT NULL)",
		"time_per_week < 0",
		"time_per_week IS NULL",
		"length(preferred_language) > 10",
		"preferred_language = ''",
		"length(preferred_language) = 10",
		"age_range = '35_44' AND education_level = 'bachelors' AND learning_mode = 'hands_on'",
		"age_range = 'other' AND learning_mode IS DISTINCT FROM 'other'",
		"education_level = 'other'",
		"tech_background = 'other'",
		"primary_goal = 'other'",
		"learning_mode = 'other'",
		"learning_speed = 'other'",
		"num_nulls(age_range, education_level, tech_background, primary_goal, learning_mode, learning_speed, " +
			"time_per_week) = 7",
	},
}

func TestFillWritesTheRequiredRows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		url := New(t)
		Fill(t, url, seed, minUsersForAllKinds)
		for table, conditions := range requiredRows {
			var counts []string
			for i, condition := range conditions {
				counts = append(counts, fmt.Sprintf("SELECT '%d', count(*)::int FROM %s WHERE %s", i, table, condition))
			}
			for i, n := range queryByKey[int](t, url, strings.Join(counts, " UNION ALL ")) {
				if n == 0 {
					t.Errorf("seed %d: no row of %s meets the condition %s, want at least one", seed, table, i)
				}
			}
		}
	}
}

// The source has every allowed profile value and every provider that the import knows.
func TestFillWritesAllProfileValuesAndProviders(t *testing.T) {
	t.Parallel()
	url := New(t)
	Fill(t, url, 4, minUsersForAllKinds)
	for field, values := range allowedProfileValues {
		found := queryByKey[int](
			t,
			url,
			"SELECT "+field+", count(*)::int FROM public.profiles WHERE "+field+" IS NOT NULL GROUP BY 1",
		)
		for _, value := range values {
			if found[value] == 0 {
				t.Errorf("no profile has the value %[2]s in %[1]s, want at least one", field, value)
			}
		}
	}
	found := queryByKey[int](t, url, "SELECT provider, count(*)::int FROM auth.identities GROUP BY 1")
	for _, provider := range []string{
		"email", "phone", "google", "github", "apple", "azure", "bitbucket", "discord", "facebook", "figma", "fly", "gitlab",
		"kakao",
		"keycloak", "linkedin", "linkedin_oidc", "notion", "slack", "slack_oidc", "snapchat", "spotify", "twitch", "twitter",
		"x",
		"workos", "zoom", "vercel_marketplace", "web3",
	} {
		if found[provider] == 0 {
			t.Errorf("no user has an identity of the provider %s, want at least one", provider)
		}
	}
}
