package copy_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// lowestUserIDs returns the n lowest ids of users of the source, in order.
func lowestUserIDs(t *testing.T, from string, n int) []string {
	t.Helper()
	return importtest.Column(t, from, "select id::text from auth.users order by id limit $1::int", n)
}

// listRejections lists the stored rejections: kind, user, reason and detail.
func listRejections(t *testing.T, m *importer.Import) []string {
	t.Helper()
	return importtest.Column(t, m.To, `select source::text || ' ' || user_id || ' ' || reason || ' ' || detail
		from supabase_import.ruling order by 1`)
}

// The application added a unique index to "user", which Xenon does not know.
func TestUserWhoViolatesAUniqueIndexOfTheApplicationIsRejected(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 6, 6, 6)
	users := lowestUserIDs(t, from, 3)
	m := importtest.NewImport(t, from)
	importtest.Exec(
		t,
		m.To,
		`create unique index one_of_two on "user" ((true)) where id in ('`+users[0]+`', '`+users[2]+`')`,
	)
	var copied, done int64
	m.Progress = func(e importer.Event) {
		copied += e.Copied
		done++
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	want := []string{"user " + users[2] + " target_error SQLSTATE 23505"}
	if diff := cmp.Diff(want, listRejections(t, m)); diff != "" {
		t.Errorf("rejections (-want +got):\n%s", diff)
	}
	// The events count a user and the credential account of the user as one row.
	rows := importtest.Value(t, m.To, `select ((select count(*) from "user") + (select count(*) from user_profile)
		+ (select count(*) from account where "providerId" <> 'credential'))::text`)
	if got := strconv.FormatInt(copied, 10); got != rows || done != 1 {
		t.Errorf("%d events report %s copied rows, want one event that reports %s rows", done, got, rows)
	}
}

// The source has no user. The target rejects every INSERT into "user", even one without rows.
func TestBatchWithoutUsersThatTheTargetRejectsIsParked(t *testing.T) {
	t.Parallel()
	m := importtest.NewImport(t, supabasetest.New(t))
	importtest.Exec(t, m.To, `create function no() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
create trigger no before insert on "user" for each statement execute function no()`)
	st, err := m.Run(t.Context(), importtest.BatchesOf40, false, 1)
	if err != nil || st.State != "running" || len(st.Parked) != 1 || !strings.Contains(st.Parked[0].Why, "P0001") {
		t.Errorf("got the state %q, the parked batches %v and the error %v, want one batch parked with SQLSTATE P0001",
			st.State, st.Parked, err)
	}
	importtest.Exec(t, m.To, `drop trigger no on "user"`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
}

// Writing one user takes longer than the timeout. This is no reason to reject a row of the user.
func TestBatchWithAUserThatTheTargetWritesTooSlowlyIsParked(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 2)
	m := importtest.NewImport(t, from)
	m.Shared = true // no other goroutine reads Timeout at the same time
	if _, err := m.Begin(t.Context(), importer.Options{}, false); err != nil {
		t.Fatal(err)
	}
	importtest.Exec(t, m.To, `create function wait() returns trigger language plpgsql as $$ begin
  perform pg_sleep(60);
  return new;
end $$;
create trigger wait before insert on "user" for each row when (new.id = '`+lowestUserIDs(t, from, 1)[0]+`')
  execute function wait()`)
	m.Timeout = 2 * time.Second
	st, err := m.Run(t.Context(), importer.Options{}, false, 1)
	if err != nil || len(st.Parked) != 1 || !strings.Contains(st.Parked[0].Why, "statement timeout") {
		t.Errorf("got the parked batches %v and the error %v, want one batch with a statement timeout", st.Parked, err)
	}
	if rejected := listRejections(t, m); len(rejected) != 0 {
		t.Errorf("got the rejections %v, want none", rejected)
	}
	importtest.Exec(t, m.To, `drop trigger wait on "user"`)
	importtest.RunToCompletion(t, m, importer.Options{})
}

// While the import searches for the row that the target rejects, the target returns "permission denied". The import
// ends and does not reject further rows.
func TestSearchForTheRejectedRowEndsAtAnErrorThatNoRowCauses(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 3)
	user := lowestUserIDs(t, from, 1)[0]
	m := importtest.NewImport(t, from)
	importtest.Exec(t, m.To, `create function no() returns trigger language plpgsql as $$ begin
  if exists (select from supabase_import.ruling) then
    raise 'permission denied' using errcode = 'insufficient_privilege';
  end if;
  raise 'no';
end $$;
create trigger no before insert on "user" for each row when (new.id = '`+user+`') execute function no()`)
	if _, err := m.Run(t.Context(), importtest.BatchesOf40, false, 1); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("permission denied during the search: got %v, want ErrRefused", err)
	}
	want := []string{"profile " + user + " target_error SQLSTATE P0001"}
	if diff := cmp.Diff(want, listRejections(t, m)); diff != "" {
		t.Errorf("rejections (-want +got):\n%s", diff)
	}
}

// An error that no row causes ends the import immediately: it does not search for a row to reject.
func TestErrorThatNoRowCausesEndsTheImport(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 3, 3, 3)
	m := importtest.NewImport(t, from)
	importtest.Exec(t, m.To, `create sequence attempts;
create function no() returns trigger language plpgsql as $$ begin
  perform nextval('attempts');
  raise 'permission denied' using errcode = 'insufficient_privilege';
end $$;
create trigger no before insert on "user" for each statement execute function no()`)
	if _, err := m.Run(t.Context(), importtest.BatchesOf40, false, 1); !errors.Is(err, importer.ErrRefused) {
		t.Errorf("permission denied: got %v, want ErrRefused", err)
	}
	if got := importtest.Value(t, m.To, "select last_value::text from attempts"); got != "1" {
		t.Errorf("the import tried %s times to write the batch, want once", got)
	}
	if parked := importtest.Value(t, m.To, "select count(parked)::text from supabase_import.batch"); parked != "0" {
		t.Errorf("%s batches are parked, want 0", parked)
	}
}

// Reading the profiles of two users takes longer than the timeout; reading those of one user does not. The import must
// not read the profiles of both users again to find out which user they belong to.
func TestTwoUsersWithSlowProfilesAreCopiedOneByOne(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 2)
	importtest.Exec(t, from, `create table public.pause (seconds float);
insert into public.pause values (0);
create view public.slow as select p.* from public.profiles p
  cross join lateral (select pg_sleep(seconds + 0 * length(p.user_id::text)) from public.pause) s`)
	o := importer.Options{Profiles: "public.slow"}
	m := importtest.NewImport(t, from)
	m.Shared = true // no other goroutine reads Timeout at the same time
	if _, err := m.Begin(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	importtest.Exec(t, from, "update public.pause set seconds = 2")
	m.Timeout = 3 * time.Second
	importtest.RunToCompletion(t, m, o)
	if n := importtest.CountImportedRows(t, m.To)["user_profile"]; n != 2 {
		t.Errorf("%d profiles are in the target, want 2", n)
	}
}

// Users of the target have the email of one source user and the telephone number of another. The import copies both
// source users without this value, and all other users unchanged.
func TestUsersWithATakenEmailOrPhoneAreCopiedWithoutIt(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 6, 6, 6)
	users := lowestUserIDs(t, from, 4)
	email := importtest.Value(t, from, "select email from auth.users where id = $1::uuid", users[1])
	importtest.Exec(t, from, "update auth.users set phone = '491701234567', phone_confirmed_at = now() where id = '"+
		users[3]+"'")
	m := importtest.NewImport(t, from)
	importtest.Exec(t, m.To, `alter table "user" add "phoneNumber" text unique, add "phoneNumberVerified" boolean;
insert into "user" (name, email, "emailVerified", "phoneNumber") values
  ('', '`+email+`', true, null), ('', 'another@user.example', true, '+491701234567')`)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	got := importtest.Column(t, m.To, `select concat_ws(' ', source, user_id, reason) from supabase_import.ruling
		order by user_id, source`)
	want := []string{"user " + users[1] + " target_email_taken", "user " + users[3] + " target_phone_taken"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rejections (-want +got):\n%s", diff)
	}
	without := importtest.Value(t, m.To, `select concat_ws(' ', (select email = $1 from "user" where id = $2::uuid),
		(select "phoneNumber" is null from "user" where id = $3::uuid))`, email, users[1], users[3])
	if n := importtest.CountImportedRows(t, m.To)["user"]; n != 8 || without != "f t" {
		t.Errorf("the target has %d users, want 6 imported and 2 others; one imported user has the taken email, the "+
			"other has no number: %s, want f t", n, without)
	}
}

// The import takes the email from a user of the target who never verified it, and writes the staged rows again.
func TestEmailOfUnverifiedUserIsReleased(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 4, 4, 4)
	user := lowestUserIDs(t, from, 2)[1]
	email := importtest.Value(t, from, "select email from auth.users where id = $1::uuid", user)
	m := importtest.NewImport(t, from)
	importtest.Exec(t, m.To, `insert into "user" (name, email, "emailVerified") values ('', '`+email+`', false)`)
	var copied int64
	m.Progress = func(e importer.Event) { copied += e.Copied }
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if got := importtest.Value(t, m.To, `select id::text from "user" where email = $1`, email); got != user {
		t.Errorf("the user %s of the target has the email, want the imported user %s", got, user)
	}
	rejected := importtest.Value(t, m.To, "select count(*)::text from supabase_import.ruling")
	rows := importtest.Value(t, m.To, `select ((select count(*) from "user") - 1 + (select count(*) from user_profile)
		+ (select count(*) from account where "providerId" <> 'credential'))::text`)
	if got := strconv.FormatInt(copied, 10); got != rows || rejected != "0" {
		t.Errorf("the events report %s copied rows, want %s; %s rejections are stored, want 0", got, rows, rejected)
	}
}
