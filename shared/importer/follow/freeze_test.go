package follow_test

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/follow"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// checkFreeze checks a source with short limits.
func checkFreeze(t *testing.T, m *importer.Import, report func(follow.Poll)) follow.Freeze {
	t.Helper()
	f, err := follow.CheckFreeze(t.Context(), m.Env(), follow.Options{
		WriterLimit: 50 * time.Millisecond, Report: report,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// signIn is what a sign-in of some users writes to the source, by a password and by a provider.
const signIn = `update auth.users set last_sign_in_at = now(), updated_at = now()
where id in (select id from auth.users order by md5(id::text) limit $n);
update auth.identities set last_sign_in_at = now(), updated_at = now()
where user_id in (select id from auth.users order by md5(id::text) limit $n)`

// All users sign in after the first poll, and some after the last one, before the verification.
func TestSourceIsFrozenWhilePeopleSignIn(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 8, 300)
	m := importtest.NewImport(t, from)
	followUntilIdle(t, m, nil)
	f := checkFreeze(t, m, func(p follow.Poll) {
		users := map[int]string{1: "300"}[p.Number]
		importtest.Exec(t, from, strings.ReplaceAll(signIn, "$n", cmp.Or(users, "30")))
	})
	if !f.IsFrozen || len(f.Polls) != 2 || f.Polls[1].Written == 0 {
		t.Errorf("users who sign in: got %t with %d polls, want a frozen source after two polls that copy the times: %s %+v",
			f.IsFrozen, len(f.Polls), f.WhyNot(), f.Polls)
	}
}

func TestSourceIsNotFrozenWhileAUserChanges(t *testing.T) {
	t.Parallel()
	for what, sql := range map[string]string{
		"a password":     "update auth.users set encrypted_password = encrypted_password || 'x' where id = '$id'",
		"metadata":       `update auth.users set raw_user_meta_data = '{"n": $n}' where id = '$id'`,
		"a new user":     "insert into auth.users (id, email) values (gen_random_uuid(), 'new$n@example.com')",
		"a deleted user": "delete from auth.users where id = (select id from auth.users order by id limit 1)",
		"an identity":    `update auth.identities set identity_data = '{"n": $n}' where user_id = '$id'`,
		"a profile":      "update public.profiles set time_per_week = $n where user_id = '$id'",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			from := supabasetest.New(t)
			supabasetest.FillBulk(t, from, 20, 20, 20)
			importtest.Exec(t, from, "alter table public.profiles drop constraint profiles_user_id_fkey")
			id := importtest.Value(t, from, "select max(id::text) from auth.users where encrypted_password is not null")
			m := importtest.NewImport(t, from)
			followUntilIdle(t, m, nil)
			f := checkFreeze(t, m, func(p follow.Poll) {
				importtest.Exec(t, from, strings.NewReplacer("$id", id, "$n", strconv.Itoa(p.Number)).Replace(sql))
			})
			if f.IsFrozen || !strings.Contains(f.WhyNot(), "users still change") {
				t.Errorf("%s that changes after each poll: got frozen %t and %q, want false", what, f.IsFrozen, f.WhyNot())
			}
			if f = checkFreeze(t, m, nil); !f.IsFrozen {
				t.Errorf("%s that changes no more: got %q, want a frozen source", what, f.WhyNot())
			}
			importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
		})
	}
}

// The check verifies only the batches with changes since the last verification.
func TestFreezeCheckVerifiesTheChangedBatches(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 500, 500, 0)
	id := importtest.Value(t, from, "select min(id::text) from auth.users")
	m := importtest.NewImport(t, from)
	followUntilIdle(t, m, nil)
	importtest.CheckVerificationIsEqual(t, m)
	importtest.Exec(t, from, "update auth.users set raw_user_meta_data = '{\"name\": \"New\"}' where id = '"+id+"'")
	verified := 0
	m.Progress = func(e importer.Event) {
		if e.Action == "verify" {
			verified++
		}
	}
	if f := checkFreeze(t, m, nil); !f.IsFrozen || verified != 1 {
		t.Errorf("got frozen %t (%s) and %d verified batches, want true and 1 of 5", f.IsFrozen, f.WhyNot(), verified)
	}
	importtest.Exec(t, m.To, `update "user" set name = 'Other' where id = '`+id+"'")
	importtest.Exec(t, from, "update auth.users set last_sign_in_at = now() where id = '"+id+"'")
	if f := checkFreeze(t, m, nil); f.IsFrozen || f.Verified.Different != 1 {
		t.Errorf("a user that differs in the target: got frozen %t and %d differences, want false and 1",
			f.IsFrozen, f.Verified.Different)
	}
}

// A transaction that is open when the fence closes can commit a change later.
func TestFreezeCheckNamesOpenTransactions(t *testing.T) {
	t.Parallel()
	from := sourceWithPreparedTransactions(t)
	supabasetest.FillBulk(t, from, 20, 20, 0)
	m := &importer.Import{From: from, To: dbtest.New(t), Holder: "test", Now: time.Now}
	followUntilIdle(t, m, nil)
	const change = "update auth.users set raw_user_meta_data = '{\"name\": \"Late\"}'"
	long := importtest.Connect(t, from)
	for _, c := range []struct{ begin, end, want string }{
		{"begin; " + change, "commit", "pid "},
		{"begin; " + change + "; prepare transaction 'late'", "commit prepared 'late'", "prepared transaction 'late'"},
	} {
		if _, err := long.Exec(t.Context(), c.begin); err != nil {
			t.Fatal(err)
		}
		f := checkFreeze(t, m, nil)
		if f.IsFrozen || len(f.Open) != 1 || !strings.Contains(f.WhyNot(), c.want) || f.Open[0].Table != "auth.users" {
			t.Errorf("after %q: got frozen %t, %+v and %q, want an open transaction with %q",
				c.begin, f.IsFrozen, f.Open, f.WhyNot(), c.want)
		}
		if _, err := long.Exec(t.Context(), c.end); err != nil {
			t.Fatal(err)
		}
		if f = checkFreeze(t, m, nil); !f.IsFrozen {
			t.Errorf("after %q: got %q, want a frozen source", c.end, f.WhyNot())
		}
		importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
	}
}

// sourceWithPreparedTransactions starts a server that allows prepared transactions, which is not the default, and
// returns the URL of a database with the tables of a Supabase project.
func sourceWithPreparedTransactions(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // the operating system user of the server needs access
		t.Fatal(err)
	}
	options := postgres.Options{Dir: filepath.Join(dir, "kept"), Fast: true}
	start := func() *postgres.Server {
		server, err := postgres.Start(context.WithoutCancel(t.Context()), options)
		if err != nil {
			t.Fatal(err)
		}
		return server
	}
	server := start()
	importtest.Exec(t, server.URL("postgres"), "alter system set max_prepared_transactions = 5")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	server = start()
	t.Cleanup(func() { _ = server.Stop() })
	from := server.URL("postgres")
	supabasetest.CreateTables(t, from)
	return from
}
