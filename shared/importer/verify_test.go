package importer_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

func verify(t *testing.T, m *importer.Import) importer.Verification {
	t.Helper()
	v, err := m.Verify(t.Context(), "supabase", 2)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// clean fails unless both sides are equal and every equation holds.
func clean(t *testing.T, m *importer.Import, when string) {
	t.Helper()
	v := verify(t, m)
	for _, e := range v.Equations {
		if !e.Holds {
			t.Errorf("%s: %s: %d and %d", when, e.Says, e.Left, e.Right)
		}
	}
	if !v.Equal || v.Different != 0 || len(v.Differences) != 0 {
		t.Errorf("%s: %d rows differ, want none: %+v", when, v.Different, v.Differences[:min(10, len(v.Differences))])
	}
}

// differ fails unless a verification names exactly these rows.
func differ(t *testing.T, m *importer.Import, want ...importer.Difference) {
	t.Helper()
	v := verify(t, m)
	order := func(a, b importer.Difference) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.ID, b.ID))
	}
	got := v.Differences
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if diff := gocmp.Diff(got, want); diff != "" {
		t.Errorf("differences: got -, want +:\n%s", diff)
	}
	if v.Equal || v.Different != int64(len(want)) {
		t.Errorf("equal: %t, %d rows differ, want %d", v.Equal, v.Different, len(want))
	}
}

func different(table, id, why string, columns ...string) importer.Difference {
	return importer.Difference{Table: table, ID: id, Kind: "different", Why: why, Columns: columns}
}

func gone(table, id, why string) importer.Difference {
	return importer.Difference{Table: table, ID: id, Kind: "missing", Why: why, Columns: []string{}}
}

func extra(table, id, why string) importer.Difference {
	return importer.Difference{Table: table, ID: id, Kind: "extra", Why: why, Columns: []string{}}
}

const (
	bySource = "source changed since"
	byTarget = "target changed since"
)

// behind does something to a database that no trigger sees. $1 is an id.
func behind(t *testing.T, c *pgx.Conn, id string, statements ...string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), "set session_replication_role = replica"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range statements {
		tag, err := c.Exec(t.Context(), sql, id)
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("%s: %d rows, %v", sql, tag.RowsAffected(), err)
		}
	}
}

// ordinary lists ids of people with a password, a Google account, whatever their name is, and a profile that says how much
// time they have.
func ordinary(t *testing.T, c *pgx.Conn, n int) (users, accounts []string) {
	t.Helper()
	var user, account string
	each(t, c, `select u.id::text, a.id::text from "user" u join account a on a."userId" = u.id and a."providerId" = 'google' join account k on k.id = u.id
join user_profile p on p.user_id = u.id and p.time_per_week is not null
where length(u.name) > 3 and (select count(*) from account o where o."userId" = u.id) = 2 order by md5(u.id::text)`, []any{&user, &account}, func() {
		users, accounts = append(users, user), append(accounts, account)
	})
	if len(users) < n {
		t.Fatalf("there are %d ordinary people, want %d", len(users), n)
	}
	return users, accounts
}

// 20,000 people of every shape arrive; what is corrupted afterwards is found and named.
func TestVerify_NamesWhatSomebodyCorrupted(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 20, 20_000)
	m := open(t, from)
	o := importer.Options{BatchSize: 2000, MFA: "allow"}
	if _, err := m.Run(t.Context(), o, false, 2); err != nil {
		t.Fatal(err)
	}
	clean(t, m, "after the import")
	dst := conn(t, m.To)
	u, a := ordinary(t, dst, 12)
	const someone = "00000000-0000-4000-8000-00000000000"
	behind(t, dst, u[0], `update "user" set name = overlay(name placing '*' from 3) where id = $1`)
	behind(t, dst, u[1], `update account set password = reverse(password) where id = $1`)
	behind(t, dst, a[2], `update account set "accountId" = "accountId" || ' ' where id = $1`)
	behind(t, dst, u[3], `update user_profile set time_per_week = time_per_week + 1 where user_id = $1`)
	behind(t, dst, u[4], `update "user" set "createdAt" = "createdAt" + interval '1 microsecond', "emailVerified" = not "emailVerified" where id = $1`)
	behind(t, dst, u[5], `delete from account where id = $1`)
	behind(t, dst, a[6], `delete from account where id = $1`)
	behind(t, dst, u[7], `delete from user_profile where user_id = $1`)
	behind(t, dst, u[8], `insert into account (id, "accountId", "providerId", "userId", "updatedAt") values ('`+someone+`1', 'octocat', 'github', $1, now())`)
	behind(t, dst, u[9], `insert into account (id, "accountId", "providerId", "userId", password, "updatedAt") select '`+someone+`2', $1::text, 'credential', $1::uuid, 'x', now()`)
	behind(t, dst, u[10], `delete from account where "providerId" = 'credential' and id = $1`, `delete from account where "userId" = $1`,
		`delete from user_profile where user_id = $1`, `delete from "user" where id = $1`)
	var tombstone string
	each(t, conn(t, from), `select id::text from auth.users where deleted_at is not null order by id limit 1`, []any{&tombstone}, func() {})
	behind(t, dst, tombstone, `insert into "user" (id, name, email, "emailVerified") values ($1, 'Back Again', 'back.again@example.com', true)`)
	differ(t, m,
		different("user", u[0], byTarget, "name"),
		different("credential", u[1], byTarget, "password"),
		different("account", a[2], byTarget, "accountId"),
		different("user_profile", u[3], byTarget, "time_per_week"),
		different("user", u[4], byTarget, "emailVerified", "createdAt"),
		gone("credential", u[5], byTarget),
		gone("account", a[6], byTarget),
		gone("user_profile", u[7], byTarget),
		extra("account", someone+"1", byTarget),
		extra("credential", u[9], byTarget),
		gone("user", u[10], byTarget), gone("credential", u[10], byTarget), gone("account", a[10], byTarget), gone("user_profile", u[10], byTarget),
		extra("user", tombstone, ""),
	)
}

// What changes in the source after the copy is told from a copy that is wrong, and the next pass brings it over.
func TestVerify_NamesWhatChangedInTheSource(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 21, 1500)
	m := open(t, from)
	if _, err := m.Run(t.Context(), allow, false, 2); err != nil {
		t.Fatal(err)
	}
	src := conn(t, from)
	u, a := ordinary(t, conn(t, m.To), 6)
	const newcomer = "00000000-0000-4000-8000-000000000003"
	behind(t, src, u[0], `update auth.users set raw_user_meta_data = '{"name": "Another Name"}' where id = $1`)
	behind(t, src, u[1], `update auth.users set encrypted_password = '$2a$04$cfA8HO.F9ViPz93OF78zGODEtV2Djz8YnyCZ2y1/GpMcLiFel/rdW' where id = $1`)
	behind(t, src, a[2], `delete from auth.identities where id = $1`)
	behind(t, src, u[3], `update public.profiles set learning_speed = 'casual', learning_mode = null, preferred_language = 'eo' where user_id = $1`)
	behind(t, src, u[4], `delete from public.profiles where user_id = $1`)
	behind(t, src, newcomer, `insert into auth.users (id, email, encrypted_password, email_confirmed_at) values ($1, 'newcomer@example.com',
  '$2a$04$cfA8HO.F9ViPz93OF78zGODEtV2Djz8YnyCZ2y1/GpMcLiFel/rdW', now())`)
	v := verify(t, m)
	if v.Equal {
		t.Error("the verification is equal, want it different")
	}
	got := map[[2]string]string{}
	for _, d := range v.Differences {
		got[[2]string{d.Table, d.ID}] = d.Kind
		if d.Why != bySource {
			t.Errorf("%s %s: it is because of %q, want %q", d.Table, d.ID, d.Why, bySource)
		}
	}
	want := map[[2]string]string{
		{"user", u[0]}: "different", {"credential", u[1]}: "different", {"account", a[2]}: "extra", {"user_profile", u[3]}: "different",
		{"user_profile", u[4]}: "extra", {"user", newcomer}: "missing", {"credential", newcomer}: "missing",
	}
	if diff := gocmp.Diff(got, want); diff != "" {
		t.Errorf("differences: got -, want +:\n%s", diff)
	}
	if _, err := m.Run(t.Context(), allow, false, 2); err != nil {
		t.Fatal(err)
	}
	clean(t, m, "after the second pass")
	asForetold(t, m, allow)
}

// A source that lives on is caught up with, hard deletes included.
func TestR55_PassesCatchUp(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 22, 800)
	m := open(t, from)
	if _, err := m.Run(t.Context(), allow, false, 2); err != nil {
		t.Fatal(err)
	}
	for i, quick := range []bool{false, true} {
		supabasetest.Change(t, from, uint64(i), 119)
		if _, err := m.Run(t.Context(), allow, quick, 2); err != nil {
			t.Fatal(err)
		}
		if quick {
			if _, err := m.Run(t.Context(), allow, false, 2); err != nil {
				t.Fatal(err)
			}
		}
		asForetold(t, m, allow)
		clean(t, m, "after a pass")
	}
}

// A quick pass sees what bears a time; what does not, the verification finds, and a full pass brings it over.
func TestVerify_FindsWhatAQuickPassOverlooks(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	src := conn(t, from)
	const id = "00000000-0000-4000-8000-000000000004"
	behind(t, src, id, `insert into auth.users (id, email, created_at, updated_at) values ($1, 'old@example.com', '2024-01-01', '2024-01-01')`)
	m := open(t, from)
	if _, err := m.Run(t.Context(), allow, false, 1); err != nil {
		t.Fatal(err)
	}
	behind(t, src, id, `update auth.users set email = 'edited@example.com' where id = $1`)
	if _, err := m.Run(t.Context(), allow, true, 1); err != nil {
		t.Fatal(err)
	}
	differ(t, m, different("user", id, bySource, "name", "email"))
	if _, err := m.Run(t.Context(), allow, false, 1); err != nil {
		t.Fatal(err)
	}
	clean(t, m, "after a full pass")
}

// What others have in the target, beside the run's, is none of its business.
func TestVerify_LeavesOthersAlone(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 23, 500)
	m := open(t, from)
	if _, err := m.Run(t.Context(), allow, false, 2); err != nil {
		t.Fatal(err)
	}
	dst := conn(t, m.To)
	if _, err := dst.Exec(t.Context(), "drop schema supabase_import cascade"); err != nil { // now everybody is somebody else's
		t.Fatal(err)
	}
	u, _ := ordinary(t, dst, 1)
	behind(t, dst, u[0], `insert into account ("accountId", "providerId", "userId", "updatedAt") values ('octocat', 'github', $1, now())`)
	var social string
	each(t, dst, `select id::text from "user" u where not exists (select from account a where a.id = u.id) order by id limit 1`, []any{&social}, func() {})
	behind(t, dst, social, `insert into account ("accountId", "providerId", "userId", password, "updatedAt") select $1::text, 'credential', $1::uuid, 'x', now()`)
	st, err := m.Run(t.Context(), allow, false, 2)
	if err != nil {
		t.Fatal(err)
	}
	if n := st.Counts[importer.User][importer.Copied]; n != 0 {
		t.Errorf("%d users are copied, want all to be identical", n)
	}
	v := verify(t, m)
	if v.Different != 0 || v.Checksums["credential"].SourceSum != v.Checksums["credential"].TargetSum {
		t.Errorf("%d rows differ, want none: %+v", v.Different, v.Differences)
	}
}

// What was changed on both sides is left alone, and stays named; nothing of it is lost from the equations.
func TestVerify_NamesWhatWasLeftAlone(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 25, 1500)
	m := open(t, from)
	if _, err := m.Run(t.Context(), allow, false, 2); err != nil {
		t.Fatal(err)
	}
	src, dst := conn(t, from), conn(t, m.To)
	u, _ := ordinary(t, dst, 3)
	for _, id := range u[:2] {
		behind(t, dst, id, `update "user" set name = 'New Side' where id = $1`)
	}
	behind(t, dst, u[2], `update account set password = 'rehashed' where id = $1`)
	behind(t, src, u[0], `update auth.users set raw_user_meta_data = '{"name": "Old Side"}' where id = $1`)
	if _, err := src.Exec(t.Context(), "set session_replication_role = origin; delete from auth.users where id = '"+u[1]+"'"); err != nil {
		t.Fatal(err)
	}
	behind(t, src, u[2], `update auth.users set raw_user_meta_data = '{"name": "Old Side"}' where id = $1`)
	if _, err := m.Run(t.Context(), allow, false, 2); err != nil {
		t.Fatal(err)
	}
	differ(t, m, different("user", u[0], byTarget, "name"), extra("user", u[1], byTarget), different("credential", u[2], byTarget, "password"))
	for _, e := range verify(t, m).Equations {
		if !e.Holds {
			t.Errorf("%s: %d and %d", e.Says, e.Left, e.Right)
		}
	}
}

// A lane goes on where it stopped, and only all lanes together make a verdict.
func TestVerifyLane_GoesOn(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 24, 400)
	m := open(t, from)
	m.Shared = true
	o := importer.Options{BatchSize: 50, MFA: "allow"}
	if _, err := m.Run(t.Context(), o, false, 1); err != nil {
		t.Fatal(err)
	}
	if err := m.StartVerification(t.Context(), "supabase"); err != nil {
		t.Fatal(err)
	}
	looked := map[int]int{}
	lane := func(ctx context.Context, n int, want bool) {
		t.Helper()
		done, err := m.VerifyLane(ctx, "supabase", n, 2)
		if err != nil || done != want {
			t.Errorf("lane %d: done %t, %v, want %t", n, done, err, want)
		}
	}
	lane(t.Context(), 0, true)
	if v, err := m.Verdict(t.Context(), "supabase"); err != nil || v.Equal || v.Batches != 4 {
		t.Errorf("after one lane of two: equal %t, %d batches, %v, want 4 and no verdict", v.Equal, v.Batches, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	m.Progress = func(e importer.Event) {
		looked[e.Batch]++
		<-short.Done()
	}
	lane(short, 1, false)
	m.Progress = func(e importer.Event) { looked[e.Batch]++ }
	lane(t.Context(), 1, true)
	if diff := gocmp.Diff(looked, map[int]int{1: 1, 3: 1, 5: 1, 7: 1}); diff != "" {
		t.Errorf("batches looked at: got -, want +:\n%s", diff)
	}
	if v, err := m.Verdict(t.Context(), "supabase"); err != nil || !v.Equal || v.Batches != 8 {
		t.Errorf("after both lanes: equal %t, %d batches, %v, want 8 and equal", v.Equal, v.Batches, err)
	}
	if _, err := m.Verdict(t.Context(), "another"); !errors.Is(err, importer.ErrNoRun) {
		t.Errorf("of a run that is none: %v, want ErrNoRun", err)
	}
	if _, err := m.Begin(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	if v, err := m.Verdict(t.Context(), "supabase"); err != nil || v.Equal {
		t.Errorf("when another pass has begun: equal %t, %v, want the old verdict void", v.Equal, err)
	}
}
