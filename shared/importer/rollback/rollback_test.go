package rollback_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// Some users of the source are in the target before, as another import left them: equal, changed, in part, with other
// rows.
func TestRollback_LeavesTheTargetByteForByteAsItWas(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 21, 600)
	m := &importer.Import{From: from, To: importtest.Occupied(t, from), Holder: "test", Now: time.Now}
	importtest.Complete(t, m, importer.Options{Run: "another", BatchSize: 200, MFA: "allow"})
	importtest.Exec(t, m.To, `
delete from "user" where left(id::text, 1) < '8';
delete from account where left(id::text, 2) between 'a0' and 'a9';
delete from account where left(id::text, 1) = 'b' and "providerId" = 'credential';
delete from user_profile where left(id::text, 1) = 'c';
update "user" set name = 'Changed Before' where left(id::text, 1) = 'd';
insert into session ("expiresAt", token, "updatedAt", "userId") select now(), id, now(), id from "user";`)
	before := importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun)
	importtest.Complete(t, m, importtest.Allow)
	copied := importtest.Count(t, m.To)
	got := importtest.Rollback(t, m, false)
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun),
		before,
	); diff != "" {
		t.Errorf("the target is not what it was: %s", diff)
	}
	want := importer.RollbackResult{Removed: map[string]int64{}, Touched: []string{}, Done: true}
	for table, n := range copied {
		want.Removed[table] = n - int64(len(before[table]))
	}
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("undone, got - want +:\n%s", diff)
	}
	if n := want.Removed; n["user"] < 150 || n["account"] < 150 || n["user_profile"] < 150 {
		t.Errorf("the run copied %v, too few for a test", n)
	}
}

// touches are changes of a user in the target that the source does not have.
var touches = map[string]string{
	"name changed": `update "user" set name = name || '!', "updatedAt" = now() where id = $1`,
	"password rehashed": `update account set password = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2g',
		"updatedAt" = now() where "userId" = $1 and "providerId" = 'credential'`,
	"password removed": `delete from account where "userId" = $1 and "providerId" = 'credential'`,
	"password twice": `insert into account ("accountId", "providerId", "userId", password, "updatedAt")
		values ($1, 'credential', $1, 'x', now())`,
	"account added": `insert into account ("accountId", "providerId", "userId", "updatedAt")
		values ('47', 'figma', $1, now())`,
	"account refreshed": `update account set "accessToken" = 'fresh', "updatedAt" = now() where "userId" = $1
		and "providerId" = 'google'`,
	"account moved": `update account set "userId" = (select id from "user" where name = 'New User')
		where "userId" = $1 and "providerId" = 'google'`,
	"account removed":   `delete from account where "userId" = $1 and "providerId" = 'google'`,
	"profile changed":   `update user_profile set learning_speed = 'casual' where user_id = $1`,
	"profile removed":   `delete from user_profile where user_id = $1`,
	"something ordered": `insert into "order" values ($1)`,
	"something owed":    `insert into debt values ($1)`,
	"user deleted":      `delete from "user" where id = $1`,
	"profile written":   `insert into user_profile (user_id) values ($1)`,
	"first password chosen": `insert into account (id, "accountId", "providerId", "userId", password, "updatedAt")
		values ($1, $1, 'credential', $1, 'x', now())`,
	"signed in, and no more": `insert into session ("expiresAt", token, "updatedAt", "userId")
		values (now(), $1, now(), $1), (now(), 'two of ' || $1, now(), $1)`,
}

// touch makes each change to a suitable user, and returns the users.
func touch(t *testing.T, to string) map[string]string {
	t.Helper()
	importtest.Exec(
		t,
		to,
		`create table "order" (buyer uuid references "user" on delete cascade);
			create table debt (debtor uuid references "user");
insert into "user" (name, email, "emailVerified") values ('New User', 'somebody@new.example', true);`,
	)
	whole := importtest.Column(
		t,
		to,
		`select u.id::text from "user" u join user_profile p on p.user_id = u.id join account c on c."userId" = u.id
			and c."providerId" = 'credential' and c.password like '$2a$04%'
join account g on g."userId" = u.id and g."providerId" = 'google' group by u.id order by u.id`,
	)
	bare := importtest.Column(
		t,
		to,
		`select u.id::text from "user" u where name <> 'New User' and not exists (select from user_profile p
			where p.user_id = u.id)
and not exists (select from account c where c."userId" = u.id and c."providerId" = 'credential') order by u.id`,
	)
	who := map[string]string{}
	db := importtest.Connect(t, to)
	for _, name := range slices.Sorted(maps.Keys(touches)) {
		from := &whole
		if name == "profile written" || name == "first password chosen" {
			from = &bare
		}
		if len(*from) == 0 {
			t.Fatalf("no user is suitable for %q", name)
		}
		who[name], *from = (*from)[0], (*from)[1:]
		tag, err := db.Exec(t.Context(), strings.ReplaceAll(touches[name], "$1", "'"+who[name]+"'"))
		if err != nil || tag.RowsAffected() == 0 {
			t.Fatalf("%s: %d rows, %v", name, tag.RowsAffected(), err)
		}
	}
	return who
}

const untouched = "signed in, and no more"

func TestRollback_LeavesTouchedUsersAloneUnlessForced(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 22, 400)
	importtest.Exec(
		t,
		from,
		`insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
select gen_random_uuid(), id, 'google', 'second ' || id, '{}', now(), now() from auth.users
  where encrypted_password like '$2a$04%' and deleted_at is null
  and not exists (select from auth.identities i where i.user_id = auth.users.id and i.provider = 'google') limit 60`,
	)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	all := importtest.Count(t, m.To)
	who := touch(t, m.To)
	var want []string
	for name, id := range who {
		if name != untouched {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	theirs := func() map[string][]string {
		ids := fmt.Sprintf("('{%s}')", strings.Join(want, ","))
		return importtest.Contents(t, m.To, map[string]string{
			"user":         `select r::text from "user" r where id = any` + ids + ` order by id`,
			"account":      `select r::text from account r where "userId" = any` + ids + ` order by id`,
			"user_profile": `select r::text from user_profile r where user_id = any` + ids + ` order by id`,
		})
	}
	before := theirs()
	got := importtest.Rollback(t, m, false)
	if diff := cmp.Diff(got.Touched, want); diff != "" || got.Left != int64(len(want)) {
		t.Errorf("%d were left alone, got - want +:\n%s", got.Left, diff)
	}
	if got.Sessions != 2 {
		t.Errorf("%d sessions ended, want the two of a user who went", got.Sessions)
	}
	if diff := importtest.Diff(theirs(), before); diff != "" {
		t.Errorf("they are not as they were: %s", diff)
	}
	if n := importtest.Count(t, m.To)["user"]; n != int64(len(want)) { // one was deleted by a test case, and one is new
		t.Errorf("%d users are left, want %d", n, len(want))
	}
	if diff := cmp.Diff(
		importtest.Column(t, m.To, `select distinct user_id::text from supabase_import.ledger order by 1`),
		want,
	); diff != "" {
		t.Errorf("the ledger, got - want +:\n%s", diff)
	}

	ordered := []string{who["something owed"], who["something ordered"]}
	slices.Sort(ordered)
	forced := importtest.Rollback(t, m, true)
	if diff := cmp.Diff(forced.Touched, ordered); diff != "" {
		t.Errorf("left alone when forced, got - want +:\n%s", diff)
	}
	forced = importtest.RollBack(t, m, importer.RollbackOptions{Force: true, Cascade: true})
	if diff := cmp.Diff(forced.Touched, []string{who["something owed"]}); diff != "" {
		t.Errorf("left alone when forced with cascade, got - want +:\n%s", diff)
	}
	rest := importtest.Column(t, m.To, `select id::text from "user" where name <> 'New User'`)
	if diff := cmp.Diff(rest, []string{who["something owed"]}); diff != "" {
		t.Errorf("there when forced, got - want +:\n%s", diff)
	}
	if n := all["user"] - int64(len(rest)) - 1; forced.Removed["user"] != n { // one was deleted by a test case
		t.Errorf("%d users were removed together, want %d", forced.Removed["user"], n)
	}
	name := importtest.Value(
		t,
		m.To,
		`select original->>'name' from supabase_import.quarantine where reason = 'rolled_back' and source = 'user'
			and key = $1 and resolved is not null`,
		who["name changed"],
	)
	if name[len(name)-1:] != "!" {
		t.Errorf("the quarantine has the user as %q, want the changed name", name)
	}
}

func TestRollback_DryRunOnlyCounts(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 23, 300)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	importtest.Exec(
		t,
		m.To,
		`update "user" set name = 'Changed' where left(id::text, 1) = '7';
			insert into session ("expiresAt", token, "updatedAt", "userId") select now(), id, now(), id from "user"`,
	)
	before := importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun, importtest.Ledger)
	counted, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := importtest.Diff(
		importtest.Contents(t, m.To, importtest.Imported, importtest.OutsideRun, importtest.Ledger),
		before,
	); diff != "" {
		t.Errorf("counting changed something: %s", diff)
	}
	if diff := cmp.Diff(counted, importtest.Rollback(t, m, false)); diff != "" {
		t.Errorf("counted - done +:\n%s", diff)
	}
	if counted.Left == 0 || counted.Sessions == 0 {
		t.Errorf("%d left and %d sessions, too few for a test", counted.Left, counted.Sessions)
	}
}

// After a rollback the ledger has only the users that were left alone; a later run imports the same rows.
func TestRollback_NextRunImportsTheSameRows(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 24, 350)
	m := &importer.Import{From: from, To: importtest.Occupied(t, from), Holder: "test", Now: time.Now}
	importtest.Complete(t, m, importtest.Allow)
	importtest.Complete(t, m, importtest.Allow) // a later pass
	first, sums := importtest.Contents(t, m.To, importtest.Imported, stable), importtest.Verify(t, m).Checksums
	importtest.Rollback(t, m, false)
	st, err := m.Status(t.Context(), "supabase")
	if err != nil {
		t.Fatal(err)
	}
	if st.State != "rolled back" || len(st.Reasons) != 0 || len(st.Counts) != 0 {
		t.Errorf("got %q with %v and %v, want it rolled back and nothing unresolved", st.State, st.Reasons, st.Counts)
	}
	if n := importtest.Value(t, m.To, "select count(*)::text from supabase_import.quarantine"); n == "0" {
		t.Error("the quarantine is empty, want it to stay")
	}
	again := importtest.Complete(t, m, importtest.Allow)
	if again.Pass != 1 {
		t.Errorf("the run after the rollback is pass %d, want 1", again.Pass)
	}
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.Imported, stable), first); diff != "" {
		t.Errorf("another run copies other rows: %s", diff)
	}
	if diff := cmp.Diff(importtest.Verify(t, m).Checksums, sums); diff != "" {
		t.Errorf("checksums, got - want +:\n%s", diff)
	}
}

// stable has the columns of the ledger that do not depend on the pass.
var stable = map[string]string{
	"ledger": `select row(user_id, source, key, outcome, raw, written, credential, residue)::text
		from supabase_import.ledger order by user_id, source, key`,
	"ruling":     importtest.Ledger["ruling"],
	"quarantine": importtest.Ledger["quarantine"],
}

func TestRollback_RunMayBeginWithOtherOptionsAfterwards(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 25, 300)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	importtest.Rollback(t, m, false)
	o := importer.Options{BatchSize: 70, MFA: "hold", Unconfirmed: "allow"}
	if st := importtest.Complete(t, m, o); st.Batches != 5 {
		t.Errorf("%d batches, want 5", st.Batches)
	}
	importtest.CheckSameAsNewImport(t, m, o)
}

// interrupted is a context that the test ends.
type interrupted struct {
	context.Context
	up chan struct{}
}

func (c interrupted) Done() <-chan struct{} { return c.up }

func (c interrupted) Err() error {
	select {
	case <-c.up:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestRollback_GoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 26, 300)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importer.Options{BatchSize: 30, MFA: "allow"})
	copied := importtest.Count(t, m.To)
	var got importer.RollbackResult
	for calls := 1; ; calls++ {
		ctx := interrupted{t.Context(), make(chan struct{})}
		m.Progress = func(e importer.Event) {
			if e.Batch%4 == 3 {
				close(ctx.up)
				m.Progress = nil
			}
		}
		var err error
		if got, err = m.Rollback(ctx, "supabase", importer.RollbackOptions{}); err != nil {
			t.Fatalf("when the time is up: %v, want no error", err)
		}
		if st, err := m.Status(t.Context(), "supabase"); err != nil || (st.State == "rolled back") != got.Done {
			t.Fatalf("the state is %q (%v) after call %d", st.State, err, calls)
		}
		if got.Done {
			if calls != 3 {
				t.Errorf("done with call %d, want 3", calls)
			}
			break
		}
	}
	if diff := cmp.Diff(got.Removed, copied); diff != "" {
		t.Errorf("removed by all calls, got - want +:\n%s", diff)
	}
	if diff := cmp.Diff(importtest.Rollback(t, m, false), got); diff != "" {
		t.Errorf("said again, got - want +:\n%s", diff)
	}
}

// A run may begin again after a rollback that was interrupted halfway.
func TestRollback_InterruptedHalfway(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 27, 400)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	first := importtest.Contents(t, m.To, importtest.Imported, stable)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m.Progress = func(e importer.Event) {
		if e.Batch == 2 {
			cancel()
		}
	}
	if u, err := m.Rollback(ctx, "supabase", importer.RollbackOptions{}); err == nil || u.Done {
		t.Fatalf("got %v, %v, want an error in the middle", u.Done, err)
	}
	m.Progress = nil
	if n := importtest.Count(t, m.To)["user"]; n == 0 || n == int64(len(first["user"])) {
		t.Fatalf("%d users are left, want some", n)
	}
	importtest.Complete(t, m, importtest.Allow)
	if diff := importtest.Diff(importtest.Contents(t, m.To, importtest.Imported, stable), first); diff != "" {
		t.Errorf("the run that went on copies other rows: %s", diff)
	}
	if got := importtest.Rollback(t, m, false); got.Removed["user"] != int64(len(first["user"])) {
		t.Errorf("%d users were removed, want all %d", got.Removed["user"], len(first["user"]))
	}
}

func TestRollback_Refused(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 28, 100)
	m := importtest.Open(t, from)
	if _, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{}); err == nil {
		t.Error("without any run: no error")
	}
	importtest.Complete(t, m, importtest.Allow)
	if _, err := m.Rollback(t.Context(), "another", importer.RollbackOptions{}); !errors.Is(err, importer.ErrNoRun) {
		t.Errorf("of another name: %v, want no such run", err)
	}
	other := &importer.Import{From: m.From, To: m.To, Holder: "another process", Now: time.Now}
	if _, err := other.Begin(t.Context(), importtest.Allow, false); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{}); !errors.Is(err, importer.ErrHeld) {
		t.Errorf("while another process holds it: %v, want held", err)
	}
}

// A user changes the password while the rollback handles their batch: it checks again, and does not remove the user.
func TestRollback_SeesAConcurrentChange(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 29, 100)
	m := importtest.Open(t, from)
	importtest.Complete(t, m, importtest.Allow)
	id := importtest.Value(t, m.To, `select min("userId"::text) from account where "providerId" = 'credential'`)
	tx, err := importtest.Connect(t, m.To).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(
		t.Context(),
		`update account set password = 'another', "updatedAt" = now() where "providerId" = 'credential' and "userId" = $1`,
		id,
	); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	var got importer.RollbackResult
	go func() {
		var err error
		got, err = m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
		done <- err
	}()
	importtest.Eventually(t, "the rollback waits for the row", func() bool {
		return importtest.Value(
			t,
			m.To,
			`select count(*)::text from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
		) != "0"
	})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.Touched, []string{id}); diff != "" {
		t.Errorf("left alone, got - want +:\n%s", diff)
	}
	if got := importtest.Value(
		t,
		m.To,
		`select password from account where "userId"::text = $1 and "providerId" = 'credential'`,
		id,
	); got != "another" {
		t.Error("the password that was changed meanwhile is gone")
	}
}
