package supabasetest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// userFingerprints returns a checksum of each user together with the rows that belong to the user.
func userFingerprints(t *testing.T, url string) map[string]string {
	t.Helper()
	return queryByKey[string](t, url, `SELECT id::text, md5(concat(u::text,
		(SELECT string_agg(i::text, '' ORDER BY i.id) FROM auth.identities i WHERE i.user_id = u.id),
		(SELECT string_agg(f::text, '' ORDER BY f.id) FROM auth.mfa_factors f WHERE f.user_id = u.id),
		(SELECT p::text FROM public.profiles p WHERE p.user_id = u.id))) FROM auth.users u`)
}

func TestChangeListsChangedUsers(t *testing.T) {
	t.Parallel()
	url := New(t)
	Fill(t, url, 9, 700)
	before := userFingerprints(t, url)
	got := Change(t, url, 2, 300)
	after := userFingerprints(t, url)
	var want Changes
	for id, was := range before {
		if is, there := after[id]; !there {
			want.Deleted = append(want.Deleted, id)
		} else if is != was {
			want.Updated = append(want.Updated, id)
		}
	}
	for id := range after {
		if _, there := before[id]; !there {
			want.Inserted = append(want.Inserted, id)
		}
	}
	slices.Sort(want.Updated)
	slices.Sort(want.Inserted)
	slices.Sort(want.Deleted)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changed users (-in the tables +returned):\n%s", diff)
	}
}

func TestChangeWithTheSameSeedMakesTheSameChanges(t *testing.T) {
	t.Parallel()
	one, same := New(t), New(t)
	for _, url := range []string{one, same} {
		Fill(t, url, 9, 400)
	}
	if diff := cmp.Diff(Change(t, one, 2, 100), Change(t, same, 2, 100)); diff != "" {
		t.Errorf("results of two calls of Change with one seed, want the same (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(fingerprints(t, one, false), fingerprints(t, same, false)); diff != "" {
		t.Errorf("fingerprints of the tables after both calls, want the same (-first +second):\n%s", diff)
	}
}

func TestChangeSetsUpdatedAtOfSomeUsersOnly(t *testing.T) {
	t.Parallel()
	url := New(t)
	Fill(t, url, 9, 700)
	changed := Change(t, url, 3, 200)
	moved := queryByKey[bool](
		t,
		url,
		`SELECT id::text, coalesce(updated_at > now() - interval '1 hour' AND isfinite(updated_at)
		AND updated_at <= now(), false) FROM auth.users`,
	)
	counts := map[bool]int{}
	for _, id := range changed.Updated {
		counts[moved[id]]++
	}
	if counts[true] < 50 || counts[false] < 30 {
		t.Errorf("users that Change updated: got %d with a new updated_at and %d without, want at least 50 and 30",
			counts[true], counts[false])
	}
}

// Several calls with different seeds can change one source, even if fewer than n users are suitable.
func TestChangeCanBeRepeatedWithAnotherSeed(t *testing.T) {
	t.Parallel()
	url := New(t)
	Fill(t, url, 9, 250)
	for seed := range uint64(4) {
		Change(t, url, seed, 1000)
	}
}
