package follow_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/follow"
)

// Users and admins of the project change, add and delete users while the source is followed.
func TestFollowCopiesWhatANewImportWouldCopy(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 19, 500)
	m := importtest.NewImport(t, from)
	polls := followUntilIdle(t, m, func(number int) {
		if number <= 4 {
			supabasetest.Change(t, from, uint64(number), 60)
		}
	})
	if !polls[0].WholePass {
		t.Errorf("the first poll: got %+v, want a pass over all users", polls[0])
	}
	for _, p := range polls[1:] {
		if p.WholePass {
			t.Errorf("poll %d: got a pass over all users, want the changes only", p.Number)
		}
	}
	if n := changedUsers(polls); n < 150 {
		t.Errorf("users that the polls found to be changed: got %d, want at least 150", n)
	}
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
	if pass := importtest.Value(t, m.To, "select pass::text from supabase_import.run"); pass != "1" {
		t.Errorf("the run is in pass %s, want 1: a poll is not a pass", pass)
	}
}

// The clock of the source is wrong, or a program sets the times of rows.
func TestFollowDoesNotUseTheTimesOfRows(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 40, 40, 40)
	ids := importtest.Column(t, from, "select id::text from auth.users order by id limit 3")
	m := importtest.NewImport(t, from)
	polls := followUntilIdle(t, m, func(number int) {
		if number == 1 {
			importtest.Exec(t, from, `
update auth.users set raw_user_meta_data = '{"name": "Past"}', updated_at = '2001-01-01' where id = '`+ids[0]+`';
update auth.users set raw_user_meta_data = '{"name": "Future"}', updated_at = '2901-01-01' where id = '`+ids[1]+`';
update auth.users set raw_user_meta_data = '{"name": "Same"}' where id = '`+ids[2]+`'`)
		}
	})
	if n := changedUsers(polls); n != 3 {
		t.Errorf("users that the polls found to be changed: got %d, want 3", n)
	}
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
}

func TestFollowRemovesWhatIsDeleted(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 250, 250, 250)
	m := importtest.NewImport(t, from)
	polls := followUntilIdle(t, m, func(number int) {
		if number == 1 {
			importtest.Exec(t, from, `
delete from public.profiles where user_id in (select id from auth.users order by id limit 3);
delete from auth.users where id in (select id from auth.users order by id limit 2);
delete from auth.identities where user_id = (select max(user_id::text)::uuid from auth.identities)`)
		}
	})
	if n := changedUsers(polls); n != 4 {
		t.Errorf("users that the polls found to be changed: got %d, want 4: two users, a profile and an identity", n)
	}
	if n := importtest.Value(t, m.To, `select count(*)::text from "user"`); n != "248" {
		t.Errorf("users of the target: got %s, want 248", n)
	}
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
}

// A transaction of the source changes a user, and is open during several polls.
func TestFollowCopiesALongTransactionAfterItsCommit(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 150, 150, 0)
	ids := importtest.Column(t, from, "select id::text from auth.users order by id limit 2")
	m := importtest.NewImport(t, from)
	followUntilIdle(t, m, nil)
	long := importtest.Connect(t, from)
	exec := func(sql string) {
		t.Helper()
		if _, err := long.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("begin; update auth.users set raw_user_meta_data = '{\"name\": \"Late\"}' where id = '" + ids[0] + "'")
	importtest.Exec(t, from, "update auth.users set raw_user_meta_data = '{\"name\": \"Soon\"}' where id = '"+ids[1]+"'")
	if n := changedUsers(followUntilIdle(t, m, nil)); n != 1 {
		t.Errorf("changed users while the transaction is open: got %d, want 1", n)
	}
	// A transaction of another test on the same server can make a poll read more rows.
	if polls := followUntilIdle(t, m, nil); polls[0].Rows < 1 || polls[0].Written != 0 {
		t.Errorf("a further poll while the transaction is open: got %+v, want the same row read again and none written",
			polls[0])
	}
	exec("commit")
	if n := changedUsers(followUntilIdle(t, m, nil)); n != 1 {
		t.Errorf("changed users after the commit: got %d, want 1", n)
	}
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
	importtest.Eventually(t, "a poll that reads no row", func() bool { return followUntilIdle(t, m, nil)[0].Rows == 0 })
}

// Two users of the source have the same email, so that the run withholds it from the younger one.
func TestFollowGivesAnEmailToTheNextUser(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"the owner changes the email": "update auth.users set email = 'other@example.com' where id = $1",
		"the owner is deleted":        "delete from auth.users where id = $1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := supabasetest.New(t)
			supabasetest.FillBulk(t, from, 5, 5, 0)
			ids := importtest.Column(t, from, "select id::text from auth.users order by created_at limit 2")
			importtest.Exec(t, from, `update auth.users set email = 'Shared@example.com' where id = '`+ids[0]+`';
update auth.users set email = 'shared@example.com' where id = '`+ids[1]+`'`)
			m := importtest.NewImport(t, from)
			followUntilIdle(t, m, func(number int) {
				if number == 1 {
					importtest.Exec(t, from, strings.ReplaceAll(change, "$1", "'"+ids[0]+"'"))
				}
			})
			email := importtest.Value(t, m.To, `select email from "user" where id = $1::uuid`, ids[1])
			if email != "shared@example.com" {
				t.Errorf("the email of the other user: got %s, want shared@example.com", email)
			}
			importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
		})
	}
}

// A restored source has other transactions, and those of another server cannot be compared.
func TestFollowOfARestoredSourceBeginsWithAPass(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 20, 20, 0)
	m := importtest.NewImport(t, from)
	followUntilIdle(t, m, nil)
	for what, sql := range map[string]string{
		"older transactions": "update supabase_import.position set xid = xid + 1000000",
		"another server":     "update supabase_import.position set server = '1 2 3'",
	} {
		importtest.Exec(t, from, "update auth.users set raw_user_meta_data = '{\"name\": \""+what+"\"}'")
		importtest.Exec(t, m.To, sql)
		if polls := followUntilIdle(t, m, nil); !polls[0].WholePass {
			t.Errorf("the first poll of a source with %s: got %+v, want a pass over all users", what, polls[0])
		}
		importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
	}
}

func TestFollowRefusesASourceThatItCannotFollow(t *testing.T) {
	t.Parallel()
	learners := importer.Options{MFA: "allow", Profiles: "public.learners"}
	for name, c := range map[string]struct {
		options importer.Options
		change  string // of the source, after the first poll
		want    string
	}{
		"a view of profiles": {learners, "", "learners is not a table"},
		"an empty source": {
			importtest.BatchesOf100, "delete from public.profiles; delete from auth.users", "--allow-deletions",
		},
		"a removed column": {
			importtest.BatchesOf100, "alter table auth.users drop column raw_app_meta_data", "columns of the source",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := supabasetest.New(t)
			supabasetest.FillBulk(t, from, 10, 10, 5)
			importtest.Exec(t, from, "create view public.learners as select * from public.profiles")
			m := importtest.NewImport(t, from)
			o := untilIdle(c.options, func(p follow.Poll) {
				if p.Number == 1 && c.change != "" {
					importtest.Exec(t, from, c.change)
				}
			})
			_, err := follow.Run(t.Context(), m.Env(), o)
			if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("follow: got %v, want ErrRefused with %q", err, c.want)
			}
			if n := importtest.Value(t, m.To, `select count(*)::text from "user"`); n != "10" {
				t.Errorf("users of the target: got %s, want 10", n)
			}
		})
	}
}

// A signal ends the command. The context of the command is canceled while a poll copies.
func TestFollowFinishesThePollWhenItIsStopped(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 300, 300, 0)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf100)
	importtest.Exec(t, from, "update auth.users set raw_user_meta_data = '{\"name\": \"New\"}'")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	lock := importtest.Connect(t, m.To)
	if _, err := lock.Exec(ctx, `begin; lock table "user" in share mode`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	polls := 0
	go func() {
		_, err := follow.Run(ctx, m.Env(), follow.Options{
			Mapping: importtest.BatchesOf100, Report: func(follow.Poll) { polls++ },
		})
		done <- err
	}()
	importtest.AwaitLockWait(t, m.To, "the poll to write a user")
	stop()
	if _, err := lock.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || polls != 1 {
		t.Errorf("a follow that is stopped in its first poll: got the error %v and %d polls, want none and 1", err, polls)
	}
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
}

// The connection to the source breaks, and comes back later.
func TestFollowContinuesAfterALostConnection(t *testing.T) {
	t.Parallel()
	direct := supabasetest.New(t)
	supabasetest.FillBulk(t, direct, 20, 20, 0)
	proxy := dbtest.NewErrorProxy(t, direct)
	m := &importer.Import{
		From: proxy.URL(), To: dbtest.New(t), Holder: "test", Now: time.Now, RetryDelay: time.Millisecond,
	}
	failed := 0
	polls := followUntilIdle(t, m, func(number int) {
		switch number {
		case 1:
			proxy.SetError(dbtest.TransientErrors()[0], dbtest.AtConnect, 1, 1000)
		case 3:
			proxy.ClearError()
			importtest.Exec(t, direct, "update auth.users set raw_user_meta_data = '{\"name\": \"New\"}'")
		}
	})
	for _, p := range polls {
		if p.Error != "" {
			failed++
		}
	}
	if failed != 2 || changedUsers(polls) != 20 {
		t.Errorf("got %d failed polls and %d changed users, want 2 and 20: %+v", failed, changedUsers(polls), polls)
	}
	if polls[2].Lag <= polls[0].Lag {
		t.Errorf("the lag after two failed polls: got %v, want more than the %v after the first poll",
			polls[2].Lag, polls[0].Lag)
	}
	m.From = direct
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf100)
}
