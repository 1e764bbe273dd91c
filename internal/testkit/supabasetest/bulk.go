package supabasetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// FillBulk fills an empty source with ordinary rows, for benchmarks. It needs a superuser. The same numbers always
// produce the same rows. Users signed up over six years and are stored in that order, which is not the order of their
// ids. Every fifth user has a Google identity and no password; the others have an email identity and a password. If
// there are fewer identities than users, the last users have none. If there are more, the additional ones are second
// identities at GitHub. The first users have the profiles.
func FillBulk(t testing.TB, url string, users, identities, profiles int) {
	t.Helper()
	if identities > 2*users || profiles > users {
		t.Fatalf("%d users cannot have %d identities and %d profiles", users, identities, profiles)
	}
	withConnection(t, url, "fill the source in bulk", func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			return withoutIndexes(ctx, tx, func() error { return insertBulkRows(ctx, tx, users, identities, profiles) })
		})
	})
}

func insertBulkRows(ctx context.Context, tx pgx.Tx, users, identities, profiles int) error {
	for _, part := range []struct {
		sql       string
		arguments []any
	}{
		{`SET LOCAL session_replication_role = replica`, nil}, // do not check foreign keys
		{bulkFunctions, nil},
		{bulkUsers, []any{users}},
		{bulkIdentities, []any{users, identities}},
		{bulkProfiles, []any{users, profiles}},
	} {
		if _, err := tx.Exec(ctx, part.sql, part.arguments...); err != nil {
			return err
		}
	}
	return nil
}

const bulkFunctions = `
	CREATE FUNCTION pg_temp.id(kind text, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
		SELECT overlay(overlay(md5(kind || i::text) PLACING '4' FROM 13) PLACING substr('89ab', 1 + (i % 4)::int, 1)
		FROM 17)::uuid
	$$;
	CREATE FUNCTION pg_temp.email(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
		SELECT left(md5('address' || i::text), 8) || '.' || i::text || '@example.com'
	$$;
	CREATE FUNCTION pg_temp.born(i bigint, users bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
		SELECT timestamptz '2020-08-01 00:00:00+00' + interval '6 years' * (i::float8 / users) + interval '1 microsecond' * (i
		* 7919 % 1000000)
	$$`

const bulkUsers = `
	INSERT INTO auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, confirmation_token,
		recovery_token, email_change_token_new, email_change, last_sign_in_at, raw_app_meta_data, raw_user_meta_data,
		created_at, updated_at)
	SELECT '00000000-0000-0000-0000-000000000000', id, 'authenticated', 'authenticated', email,
		CASE WHEN google THEN NULL ELSE '$2a$10$' || left(md5(i::text) || md5((-i)::text), 53) END,
		born + interval '1 minute', '', '', '', '', born + interval '30 days',
		CASE WHEN google THEN '{"provider": "google", "providers": ["google"]}'::jsonb
			ELSE '{"provider": "email", "providers": ["email"]}' END,
		jsonb_build_object('sub', id, 'email', email, 'email_verified', true, 'phone_verified', false, 'name', 'Person ' || i,
			'locale', 'en'),
		born, born + interval '30 days'
	FROM (SELECT i, i % 5 = 0 AS google, pg_temp.id('user', i) AS id, pg_temp.email(i) AS email,
			pg_temp.born(i, $1) AS born
		FROM generate_series(1, $1::bigint) i OFFSET 0) u`

const bulkIdentities = `
	INSERT INTO auth.identities (id, user_id, provider, provider_id, identity_data, last_sign_in_at, created_at,
	updated_at)
	SELECT pg_temp.id('identity', i), user_id, provider, subject,
		jsonb_build_object('sub', subject, 'email', pg_temp.email(u), 'email_verified', true, 'phone_verified', false),
		born, born, born
	FROM (SELECT i, u, user_id, provider, pg_temp.born(u, $1) AS born,
			CASE provider WHEN 'email' THEN user_id::text ELSE (100000000000000000 + u)::text END AS subject
		FROM (SELECT i, 1 + (i - 1) % $1 AS u, pg_temp.id('user', 1 + (i - 1) % $1) AS user_id,
				CASE WHEN i > $1 THEN 'github' WHEN i % 5 = 0 THEN 'google' ELSE 'email' END AS provider
			FROM generate_series(1, $2::bigint) i OFFSET 0) numbered OFFSET 0) identity`

const bulkProfiles = `
	INSERT INTO public.profiles (user_id, age_range, education_level, tech_background, primary_goal, learning_mode,
	learning_speed,
		time_per_week, created_at, updated_at)
	SELECT pg_temp.id('user', i), (ARRAY['under_18', '18_24', '25_34', '35_plus'])[1 + i % 4],
		(ARRAY['high_school', 'undergrad', 'masters', 'phd', 'self_taught'])[1 + i % 5],
		(ARRAY['software_engineer', 'hardware_engineer', 'student', 'hobbyist'])[1 + i % 4],
		(ARRAY['career_switch', 'academic', 'hobby_project', 'startup_founder'])[1 + i % 4],
		(ARRAY['visual', 'textual', 'code_first'])[1 + i % 3], (ARRAY['intensive', 'balanced', 'casual'])[1 + i % 3],
		i % 40, pg_temp.born(i, $1), pg_temp.born(i, $1)
	FROM generate_series(1, $2::bigint) i`

// withoutIndexes drops the indexes of the filled tables except those of constraints, calls fill, and creates the
// indexes again. This takes about half as long as to fill tables that have their indexes.
func withoutIndexes(ctx context.Context, tx pgx.Tx, fill func() error) error {
	rows, err := tx.Query(ctx, `
		SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
		WHERE indrelid IN ('auth.users'::regclass, 'auth.identities'::regclass, 'public.profiles'::regclass)
			AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
		ORDER BY 1`)
	if err != nil {
		return err
	}
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Definition string }])
	if err != nil {
		return err
	}
	for _, index := range indexes {
		if _, err := tx.Exec(ctx, "DROP INDEX "+index.Name); err != nil {
			return err
		}
	}
	if err := fill(); err != nil {
		return err
	}
	for _, index := range indexes {
		if _, err := tx.Exec(ctx, index.Definition); err != nil {
			return fmt.Errorf("create the index %s again: %w", index.Name, err)
		}
	}
	_, err = tx.Exec(ctx, "ANALYZE auth.users, auth.identities, public.profiles")
	return err
}
