package supabasetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// queryByKey returns the rows of a query as a map: the first column is the key, the second the value.
func queryByKey[V any](t *testing.T, url, sql string, args ...any) map[string]V {
	t.Helper()
	m := map[string]V{}
	withConnection(t, url, sql, func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SET TimeZone = 'UTC'"); err != nil {
			return err
		}
		rows, err := conn.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		var key string
		var value V
		_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
			m[key] = value
			return nil
		})
		return err
	})
	return m
}

// timestampColumnsByTable returns all tables of a source, each with its columns of a timestamp type.
func timestampColumnsByTable(t *testing.T, url string) map[string][]string {
	t.Helper()
	return queryByKey[[]string](t, url, `
		SELECT format('%I.%I', table_schema, table_name),
			array_agg(column_name::text) FILTER (WHERE data_type LIKE 'timestamp%')
		FROM information_schema.columns WHERE table_schema IN ('auth', 'public') GROUP BY 1`)
}

// fingerprints returns a checksum of each table. If times is false, it leaves out the columns of a timestamp type.
func fingerprints(t *testing.T, url string, times bool) map[string]string {
	t.Helper()
	var each []string
	for table, columns := range timestampColumnsByTable(t, url) {
		text := "t::text"
		if !times {
			text = "(to_jsonb(t) - '{" + strings.Join(columns, ",") + "}'::text[])::text"
		}
		each = append(
			each,
			fmt.Sprintf(
				`SELECT '%s', count(*) || ' ' || coalesce(md5(string_agg(md5(%s), '' ORDER BY md5(%s))), '') FROM %s t`,
				table,
				text,
				text,
				table,
			),
		)
	}
	return queryByKey[string](t, url, strings.Join(each, " UNION ALL "))
}

func TestNewReturnsAnEmptyDatabaseForEachTest(t *testing.T) {
	t.Parallel()
	one, other := New(t), New(t)
	Fill(t, one, 1, 20)
	got := queryByKey[int](t, other, `SELECT 'users', count(*)::int FROM auth.users`)
	if want := map[string]int{"users": 0}; !cmp.Equal(got, want) {
		t.Errorf("numbers of rows in a second database: got %v, want %v", got, want)
	}
}

// Row security without a policy hides every row from the roles to which it applies.
func TestTheSameTablesAsInSupabaseHaveRowSecurity(t *testing.T) {
	t.Parallel()
	url := New(t)
	got := queryByKey[bool](t, url, `SELECT oid::regclass::text, relrowsecurity FROM pg_class
		WHERE relkind = 'r' AND relnamespace IN ('auth'::regnamespace, 'public'::regnamespace)`)
	want := map[string]bool{
		"auth.users": true, "auth.identities": true, "auth.mfa_factors": true, "auth.webauthn_credentials": false,
		"auth.sso_providers": true, "auth.sso_domains": true, "auth.saml_providers": true, "auth.sessions": true,
		"auth.one_time_tokens": true, "auth.audit_log_entries": true, "profiles": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("row security (-want +got):\n%s", diff)
	}
}
