package verify_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/verify"
)

// checkDifferences fails the test unless a verification lists exactly these differences, in any order.
func checkDifferences(t *testing.T, m *importer.Import, want ...run.Difference) {
	t.Helper()
	v := importtest.Verify(t, m)
	order := func(a, b run.Difference) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.ID, b.ID))
	}
	got := v.Differences
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if diff := gocmp.Diff(got, want); diff != "" {
		t.Errorf("differences that the verification lists (-got +want):\n%s", diff)
	}
	if v.Equal || v.Different != int64(len(want)) {
		t.Errorf("the verification has equal %t and %d differences, want false and %d", v.Equal, v.Different, len(want))
	}
}

func differentRow(table, id, why string, columns ...string) run.Difference {
	return run.Difference{Table: table, ID: id, Kind: "different", Why: why, Columns: columns}
}

func missingRow(table, id, why string) run.Difference {
	return run.Difference{Table: table, ID: id, Kind: "missing", Why: why, Columns: []string{}}
}

func extraRow(table, id, why string) run.Difference {
	return run.Difference{Table: table, ID: id, Kind: "extra", Why: why, Columns: []string{}}
}

const (
	whySourceChanged = "source changed since"
	whyTargetChanged = "target changed since"
)

// The test imports users of every kind (20,000 users with XENON_WHOLE=1) and then changes, deletes and adds rows of the
// target.
func TestVerificationListsEveryChangedRowOfTheTarget(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	users := 3000
	if sample.RunsAllCases() {
		users = 20_000
	}
	supabasetest.Fill(t, from, 20, users)
	m := importtest.NewImport(t, from)
	o := importer.Options{BatchSize: users / 10, MFA: "allow"}
	if _, err := m.Run(t.Context(), o, false, 2); err != nil {
		t.Fatal(err)
	}
	importtest.CheckEqual(t, m, "after the import")
	dst := importtest.Connect(t, m.To)
	u, a := importtest.OrdinaryUsers(t, dst, 12)
	const newAccount = "00000000-0000-4000-8000-00000000000"
	importtest.ExecWithoutTriggers(t, dst, u[0], `update "user" set name = overlay(name placing '*' from 3) where id = $1`)
	importtest.ExecWithoutTriggers(t, dst, u[1], `update account set password = reverse(password) where id = $1`)
	importtest.ExecWithoutTriggers(t, dst, a[2], `update account set "accountId" = "accountId" || ' ' where id = $1`)
	importtest.ExecWithoutTriggers(
		t,
		dst,
		u[3],
		`update user_profile set time_per_week = time_per_week + 1 where user_id = $1`,
	)
	importtest.ExecWithoutTriggers(
		t,
		dst,
		u[4],
		`update "user" set "createdAt" = "createdAt" + interval '1 microsecond', "emailVerified" = not "emailVerified"
			where id = $1`,
	)
	importtest.ExecWithoutTriggers(t, dst, u[5], `delete from account where id = $1`)
	importtest.ExecWithoutTriggers(t, dst, a[6], `delete from account where id = $1`)
	importtest.ExecWithoutTriggers(t, dst, u[7], `delete from user_profile where user_id = $1`)
	importtest.ExecWithoutTriggers(
		t,
		dst,
		u[8],
		`insert into account (id, "accountId", "providerId", "userId", "updatedAt") values ('`+newAccount+
			`1', 'octocat', 'github', $1, now())`,
	)
	importtest.ExecWithoutTriggers(
		t,
		dst,
		u[9],
		`insert into account (id, "accountId", "providerId", "userId", password, "updatedAt") select '`+newAccount+
			`2', $1::text, 'credential', $1::uuid, 'x', now()`,
	)
	importtest.ExecWithoutTriggers(
		t,
		dst,
		u[10],
		`delete from account where "providerId" = 'credential' and id = $1`,
		`delete from account where "userId" = $1`,
		`delete from user_profile where user_id = $1`,
		`delete from "user" where id = $1`,
	)
	var softDeleted string
	importtest.ForEachRow(
		t,
		importtest.Connect(t, from),
		`select id::text from auth.users where deleted_at is not null order by id limit 1`,
		[]any{&softDeleted},
		func() {},
	)
	importtest.ExecWithoutTriggers(
		t,
		dst,
		softDeleted,
		`insert into "user" (id, name, email, "emailVerified") values ($1, 'Back Again', 'back.again@example.com', true)`,
	)
	checkDifferences(
		t,
		m,
		differentRow("user", u[0], whyTargetChanged, "name"),
		differentRow("credential", u[1], whyTargetChanged, "password"),
		differentRow("account", a[2], whyTargetChanged, "accountId"),
		differentRow("user_profile", u[3], whyTargetChanged, "time_per_week"),
		differentRow("user", u[4], whyTargetChanged, "emailVerified", "createdAt"),
		missingRow("credential", u[5], whyTargetChanged),
		missingRow("account", a[6], whyTargetChanged),
		missingRow("user_profile", u[7], whyTargetChanged),
		extraRow("account", newAccount+"1", whyTargetChanged),
		extraRow("credential", u[9], whyTargetChanged),
		missingRow("user", u[10], whyTargetChanged),
		missingRow("credential", u[10], whyTargetChanged),
		missingRow("account", a[10], whyTargetChanged),
		missingRow("user_profile", u[10], whyTargetChanged),
		extraRow("user", softDeleted, ""),
	)
}

// A user of the source changes without a new updated_at. A quick pass does not see the change; a full pass copies it.
func TestVerificationFindsAChangeThatAQuickPassMisses(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	src := importtest.Connect(t, from)
	const id = "00000000-0000-4000-8000-000000000004"
	importtest.ExecWithoutTriggers(
		t,
		src,
		id,
		`insert into auth.users (id, email, created_at, updated_at)
			values ($1, 'old@example.com', '2024-01-01', '2024-01-01')`,
	)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 1); err != nil {
		t.Fatal(err)
	}
	importtest.ExecWithoutTriggers(t, src, id, `update auth.users set email = 'edited@example.com' where id = $1`)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, true, 1); err != nil {
		t.Fatal(err)
	}
	checkDifferences(t, m, differentRow("user", id, whySourceChanged, "name", "email"))
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 1); err != nil {
		t.Fatal(err)
	}
	importtest.CheckEqual(t, m, "after a full pass")
}

// The target has all users of the source, but the run did not write them. Two of them have an account that the source
// does not have.
func TestVerificationIgnoresFurtherAccountsOfUsersOfOtherPrograms(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 23, 300)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
		t.Fatal(err)
	}
	dst := importtest.Connect(t, m.To)
	// Without the ledger, another program wrote the users.
	if _, err := dst.Exec(t.Context(), "drop schema supabase_import cascade"); err != nil {
		t.Fatal(err)
	}
	u, _ := importtest.OrdinaryUsers(t, dst, 1)
	importtest.ExecWithoutTriggers(
		t,
		dst,
		u[0],
		`insert into account ("accountId", "providerId", "userId", "updatedAt") values ('octocat', 'github', $1, now())`,
	)
	var social string
	importtest.ForEachRow(
		t,
		dst,
		`select id::text from "user" u where not exists (select from account a where a.id = u.id) order by id limit 1`,
		[]any{&social},
		func() {},
	)
	importtest.ExecWithoutTriggers(
		t,
		dst,
		social,
		`insert into account ("accountId", "providerId", "userId", password, "updatedAt")
			select $1::text, 'credential', $1::uuid, 'x', now()`,
	)
	st, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2)
	if err != nil {
		t.Fatal(err)
	}
	if n := st.Counts[mapping.User][mapping.Copied]; n != 0 {
		t.Errorf("the run copied %d users, want 0: all users are identical", n)
	}
	v := importtest.Verify(t, m)
	if v.Different != 0 || v.Checksums["credential"].SourceSum != v.Checksums["credential"].TargetSum {
		t.Errorf("the verification has %d differences (%+v) and the credential checksums %+v, want no difference",
			v.Different, v.Differences, v.Checksums["credential"])
	}
}

// A pass does not overwrite rows that changed in the source and in the target. The verification lists them, and the
// equations hold.
func TestVerificationListsKeptRows(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 25, 500)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
		t.Fatal(err)
	}
	src, dst := importtest.Connect(t, from), importtest.Connect(t, m.To)
	u, _ := importtest.OrdinaryUsers(t, dst, 3)
	for _, id := range u[:2] {
		importtest.ExecWithoutTriggers(t, dst, id, `update "user" set name = 'Target Name' where id = $1`)
	}
	importtest.ExecWithoutTriggers(t, dst, u[2], `update account set password = 'rehashed' where id = $1`)
	importtest.ExecWithoutTriggers(
		t,
		src,
		u[0],
		`update auth.users set raw_user_meta_data = '{"name": "Source Name"}' where id = $1`,
	)
	if _, err := src.Exec(
		t.Context(),
		"set session_replication_role = origin; delete from auth.users where id = '"+u[1]+"'",
	); err != nil {
		t.Fatal(err)
	}
	importtest.ExecWithoutTriggers(
		t,
		src,
		u[2],
		`update auth.users set raw_user_meta_data = '{"name": "Source Name"}' where id = $1`,
	)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
		t.Fatal(err)
	}
	checkDifferences(
		t,
		m,
		differentRow("user", u[0], whyTargetChanged, "name"),
		extraRow("user", u[1], whyTargetChanged),
		differentRow("credential", u[2], whyTargetChanged, "password"),
	)
	for _, e := range importtest.Verify(t, m).Equations {
		if !e.Holds {
			t.Errorf("the equation %q does not hold: %d and %d", e.Text, e.Left, e.Right)
		}
	}
}

// The result is complete only when all shards are done.
func TestVerifyShardContinuesAfterADeadline(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 24, 400)
	m := importtest.NewImport(t, from)
	m.Shared = true
	o := importer.Options{BatchSize: 50, MFA: "allow"}
	if _, err := m.Run(t.Context(), o, false, 1); err != nil {
		t.Fatal(err)
	}
	if err := run.StartVerification(t.Context(), m.Env(), "supabase"); err != nil {
		t.Fatal(err)
	}
	verified := map[int]int{}
	verifyShard := func(ctx context.Context, n int, want bool) {
		t.Helper()
		done, err := verify.Shard(ctx, m.Env(), "supabase", run.Shard{Index: n, Count: 2})
		if err != nil || done != want {
			t.Errorf("Shard %d of 2: got done %t and the error %v, want %t and nil", n, done, err, want)
		}
	}
	verifyShard(t.Context(), 0, true)
	if v, err := verify.ReadResult(t.Context(), m.Env(), "supabase"); err != nil || v.Equal || v.Batches != 4 {
		t.Errorf("after one shard of two: equal %t, %d verified batches, error %v, want false and 4", v.Equal, v.Batches, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	m.Progress = func(e importer.Event) {
		verified[e.Batch]++
		<-short.Done()
	}
	verifyShard(short, 1, false)
	m.Progress = func(e importer.Event) { verified[e.Batch]++ }
	verifyShard(t.Context(), 1, true)
	if diff := gocmp.Diff(verified, map[int]int{1: 1, 3: 1, 5: 1, 7: 1}); diff != "" {
		t.Errorf("how often each batch of the second shard was verified (-got +want):\n%s", diff)
	}
	if v, err := verify.ReadResult(t.Context(), m.Env(), "supabase"); err != nil || !v.Equal || v.Batches != 8 {
		t.Errorf("after both shards: equal %t, %d verified batches, error %v, want true and 8", v.Equal, v.Batches, err)
	}
	if _, err := verify.ReadResult(t.Context(), m.Env(), "another"); !errors.Is(err, importer.ErrNoRun) {
		t.Errorf("ReadResult of a run that does not exist: got %v, want ErrNoRun", err)
	}
	if _, err := m.Begin(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	if v, err := verify.ReadResult(t.Context(), m.Env(), "supabase"); err != nil || v.Equal {
		t.Errorf("after a new pass has begun: equal %t, error %v, want false and nil", v.Equal, err)
	}
}

// A sum must not hide that two rows have swapped a value.
func TestVerificationFindsTwoRowsThatSwappedAValue(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 20, 20, 20)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importer.Options{MFA: "allow"}, false, 1); err != nil {
		t.Fatal(err)
	}
	importtest.CheckEqual(t, m, "after the import")
	user := func(offset string) string {
		return importtest.Value(t, m.To, `select id::text from "user" order by id limit 1 offset `+offset)
	}
	one, other := user("0"), user("1")
	importtest.Exec(t, m.To, `
		update "user" a set name = b.name from "user" b
		where (a.id, b.id) in (('`+one+`', '`+other+`'), ('`+other+`', '`+one+`'))`)
	checkDifferences(t, m, differentRow("user", one, whyTargetChanged, "name"),
		differentRow("user", other, whyTargetChanged, "name"))
}
