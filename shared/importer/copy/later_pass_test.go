package copy_test

import (
	"strconv"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// In the source one user changes, one user is deleted, and a new user gets the lowest id.
func TestLaterPassWritesOnlyChanges(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 5, 5, 5)
	users := lowestUserIDs(t, from, 2)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.Exec(t, from, `
update auth.users set raw_user_meta_data = '{"name": "New"}' where id = '`+users[0]+`';
delete from public.profiles where user_id = '`+users[1]+`';
delete from auth.users where id = '`+users[1]+`';
insert into auth.users (id, email, email_confirmed_at, created_at, updated_at)
  values ('00000000-0000-4000-8000-000000000000', 'new@example.com', now(), now(), now())`)
	var rows, copied, unchanged int64
	m.Progress = func(e importer.Event) {
		rows, copied, unchanged = rows+e.Rows, copied+e.Copied, unchanged+e.Unchanged
	}
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	m.Progress = nil
	inSource := importtest.Value(t, from, `select ((select count(*) from auth.users)
		+ (select count(*) from auth.identities) + (select count(*) from public.profiles))::text`)
	if strconv.FormatInt(rows, 10) != inSource {
		t.Errorf("the events of the second pass report %d rows, want %s, all rows of the source", rows, inSource)
	}
	// Two users are written, and a user and a profile are removed. All other rows of the source are unchanged.
	if copied != 4 || unchanged != rows-2 {
		t.Errorf("the events of the second pass report %d written and %d unchanged rows, want 4 and %d",
			copied, unchanged, rows-2)
	}
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf40)
}

// Two users are deleted in the source, and a row of the application refers to one of them.
func TestLaterPassKeepsOnlyTheDeletedUserWithAnOrder(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 5, 5, 0)
	users := lowestUserIDs(t, from, 2)
	m := importtest.NewImport(t, from)
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.Exec(t, m.To, `create table orders (customer uuid references "user" on delete cascade);
insert into orders values ('`+users[1]+`')`)
	importtest.Exec(t, from, "delete from auth.users where id in ('"+users[0]+"', '"+users[1]+"')")
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	left := importtest.Column(t, m.To, `select id::text from "user" where id in ('`+users[0]+`', '`+users[1]+`')`)
	if len(left) != 1 || left[0] != users[1] {
		t.Errorf("of the two users %v are left in the target, want %s alone", left, users[1])
	}
	if n := importtest.Value(t, m.To, "select count(*)::text from orders"); n != "1" {
		t.Errorf("%s orders are left in the target, want 1", n)
	}
}

// A batch with no earlier row in the ledger or the target also has entries for the quarantine.
func TestFirstCopyOfABatchWritesItsQuarantine(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 2, 2, 0)
	user := lowestUserIDs(t, from, 1)[0]
	importtest.Exec(t, from, "update auth.users set encrypted_password = 'x' where id = '"+user+"'")
	m := importtest.NewImport(t, from)
	st := importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if st.Reasons["user.encrypted_password hash_unknown"] != 1 {
		t.Errorf("got the reasons %v, want one password of an unknown format", st.Reasons)
	}
}
