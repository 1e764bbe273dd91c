package supabasetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFillBulkWritesTheSameRowsAndKeepsIndexes(t *testing.T) {
	t.Parallel()
	one, same, empty := New(t), New(t), New(t)
	FillBulk(t, one, 1000, 1500, 800)
	FillBulk(t, same, 1000, 1500, 800)
	if diff := cmp.Diff(fingerprints(t, one, true), fingerprints(t, same, true)); diff != "" {
		t.Errorf("fingerprints of the tables after two calls of Bulk, want the same (-first +second):\n%s", diff)
	}
	const definitions = `SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname IN ('auth', 'public')`
	if diff := cmp.Diff(queryByKey[string](t, empty, definitions), queryByKey[string](t, one, definitions)); diff != "" {
		t.Errorf("indexes before and after Bulk, want the same (-before +after):\n%s", diff)
	}
	got := queryByKey[int](
		t,
		one,
		`SELECT 'users', count(*)::int FROM auth.users WHERE substr(id::text, 15, 1) = '4' AND email_confirmed_at IS NOT NULL
		UNION ALL SELECT 'with an identity', count(*)::int FROM auth.users u WHERE EXISTS (SELECT FROM auth.identities i
		WHERE i.user_id = u.id)
		UNION ALL SELECT 'with a password', count(encrypted_password)::int FROM auth.users
		UNION ALL SELECT provider, count(*)::int FROM auth.identities i JOIN auth.users u ON u.id = user_id
		AND u.email = i.email GROUP BY 1
		UNION ALL SELECT 'profiles', count(*)::int FROM public.profiles p JOIN auth.users u ON u.id = user_id
		UNION ALL SELECT 'years', count(DISTINCT extract(year FROM created_at))::int FROM auth.users`,
	)
	want := map[string]int{
		"users":            1000,
		"with an identity": 1000,
		"with a password":  800,
		"email":            800,
		"google":           200,
		"github":           500,
		"profiles":         800,
		"years":            7,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("numbers of rows that Bulk wrote (-want +got):\n%s", diff)
	}
}
