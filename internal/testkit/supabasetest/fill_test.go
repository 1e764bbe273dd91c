package supabasetest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestFillWithTheSameSeedWritesTheSameRows(t *testing.T) {
	t.Parallel()
	one, same, other := New(t), New(t), New(t)
	first, second := Fill(t, one, 7, 500), Fill(t, same, 7, 500)
	Fill(t, other, 8, 500)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("summaries of two calls of Fill with one seed, want the same (-first +second):\n%s", diff)
	}
	want := fingerprints(t, one, true)
	if diff := cmp.Diff(want, fingerprints(t, same, true)); diff != "" {
		t.Errorf("fingerprints of the tables with one seed, want the same (-first +second):\n%s", diff)
	}
	for table, got := range fingerprints(t, other, true) {
		if got == want[table] {
			t.Errorf("fingerprints of the table %s for two seeds: got the same, want different ones", table)
		}
	}
}

func TestFillCreatesEveryKind(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, s := range userKinds {
		if names[s.name] {
			t.Errorf("kinds of users with the name %q: got two, want one", s.name)
		}
		names[s.name] = true
	}
	for seed := range uint64(20) {
		g := newGenerator(seed)
		g.generateUsers(minUsersForAllKinds)
		for name := range names {
			if g.summary.Kinds[name] == 0 {
				t.Errorf("seed %d: got no user of the kind %q, want at least one", seed, name)
			}
		}
		if got, want := len(g.summary.Kinds), len(names); got != want {
			t.Errorf("seed %d: got %d kinds of users, want %d", seed, got, want)
		}
	}
}

func TestSummaryCountsTheRows(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 10, 199, 200, 201, 1000} {
		url := New(t)
		c := Fill(t, url, uint64(n), n)
		got := queryByKey[int](t, url, `SELECT 'users', count(*)::int FROM auth.users
			UNION ALL SELECT 'identities', count(*)::int FROM auth.identities
			UNION ALL SELECT 'profiles', count(*)::int FROM public.profiles
			UNION ALL SELECT 'factors', count(*)::int FROM auth.mfa_factors
			UNION ALL SELECT 'passkeys', count(*)::int FROM auth.webauthn_credentials`)
		want := map[string]int{
			"users": c.Users, "identities": c.Identities, "profiles": c.Profiles, "factors": c.Factors, "passkeys": c.Passkeys,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("numbers of rows for %d users (-summary +tables):\n%s", n, diff)
		}
		if c.Users != n {
			t.Errorf("users in the summary: got %d, want %d", c.Users, n)
		}
	}
}

func TestMostUsersAreOrdinary(t *testing.T) {
	t.Parallel()
	g := newGenerator(3)
	g.generateUsers(20_000)
	if got := g.summary.Kinds["by email"] + g.summary.Kinds["by Google"]; got < 9_000 {
		t.Errorf("ordinary users among 20000: got %d, want at least 9000", got)
	}
	if got := len(g.summary.KnownUsers); got < 200 || got > 900 {
		t.Errorf("users with a known password: got %d, want 200 to 900", got)
	}
}

func TestAddRefusesColumnThatTheTableDoesNotHave(t *testing.T) {
	t.Parallel()
	url := New(t)
	withConnection(t, url, "connect", func(ctx context.Context, conn *pgx.Conn) error {
		if err := usersTable.add(ctx, conn, []row{{"id": zeroUUID, "emial": "typo"}}); err == nil {
			t.Error("add a row with a column that the table does not have: got no error, want one")
		}
		return nil
	})
}
