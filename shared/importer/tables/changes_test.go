package tables_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/follow"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// blog has tables with foreign keys, a generated column, an identity column, triggers that change rows and write
// others, and tables without a primary key.
const blog = `
create table authors (id uuid primary key references auth.users on delete cascade, name text not null);
create table posts (
  id int generated always as identity primary key,
  author uuid not null references authors on delete cascade,
  slug text not null unique,
  body text,
  words int generated always as (length(body)) stored,
  changed timestamptz
);
create table tags (post int references posts on delete cascade, tag text, primary key (post, tag));
create table pages (path text primary key, title text);
create table links (page text references pages on update cascade on delete cascade, n int, primary key (page, n));
create table log (id bigint generated always as identity primary key, what text);
create table visits (at timestamptz, page text);
create table visits_of_day (day date, visits int);
create function touch() returns trigger language plpgsql as $$
begin
  new.changed = clock_timestamp();
  return new;
end $$;
create function note() returns trigger language plpgsql as $$
begin
  insert into public.log (what) values (tg_op || coalesce(new.slug, old.slug));
  return null;
end $$;
create trigger touch before insert or update on posts for each row execute function touch();
create trigger note after insert or update or delete on posts for each row execute function note();
create trigger never after insert on pages for each row execute function note();
alter table pages disable trigger never;
insert into authors select id, 'Author ' || id from auth.users order by id limit 15;
insert into posts (author, slug, body) select id, 'slug-' || row_number() over (order by id), 'body' from authors;
insert into tags select id, tag from posts, unnest(array['one', 'two']) tag;
insert into pages select '/' || n, 'Page' from generate_series(1, 20) n;
insert into links select path, n from pages, generate_series(1, 3) n;
insert into visits select now(), '/' || n from generate_series(1, 50) n;
insert into visits_of_day values ('2026-01-01', 50);
`

// moveBlog imports users and moves the tables of a blog.
func moveBlog(t *testing.T) (*importer.Import, tables.Result) {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 30, 30, 0)
	dbtest.Exec(t, from, "drop table public.profiles;\n"+blog)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importer.Options{MFA: "allow", Profiles: "none"}, false, 0); err != nil {
		t.Fatal(err)
	}
	return m, move(t, m, tables.Options{})
}

// followOptions are options with short pauses, which end after a poll without changes.
func followOptions(report func(follow.Poll)) follow.Options {
	return follow.Options{Interval: time.Millisecond, UntilIdle: true, Tables: true, Report: report}
}

// followBlog follows users and tables until a poll finds no change, and returns the polls.
func followBlog(t *testing.T, m *importer.Import) (polls []follow.Poll) {
	t.Helper()
	_, err := follow.Run(t.Context(), m.Env(), followOptions(func(p follow.Poll) {
		if polls = append(polls, p); len(polls) > 20 {
			t.Fatalf("poll %d still finds changes: %+v %+v", len(polls), p, p.Tables)
		}
	}))
	if err != nil {
		t.Fatalf("follow the source: %v", err)
	}
	return polls
}

// sums adds up the changes of polls.
func sums(polls []follow.Poll) (c tables.Changes) {
	for _, p := range polls {
		c.Written, c.Deleted = c.Written+p.Tables.Written, c.Deleted+p.Tables.Deleted
		c.Rejected += p.Tables.Rejected
	}
	return c
}

const newAuthor = `
insert into auth.users (id, email, email_confirmed_at, created_at, updated_at)
values (md5('new')::uuid, 'new@example.com', now(), now(), now());
insert into authors values (md5('new')::uuid, 'New');
insert into posts (author, slug, body) values (md5('new')::uuid, 'new', 'text');
insert into tags select id, 'new' from posts where slug = 'new';`

func TestFollowCopiesInsertedUpdatedAndDeletedRowsOfTables(t *testing.T) {
	t.Parallel()
	m, _ := moveBlog(t)
	dbtest.Exec(t, m.From, newAuthor+`
update posts set body = body || ' longer' where id = 3;
update posts set slug = 'moved' where id = 4;
delete from tags where post = 5 and tag = 'one';
delete from posts where id = 6;
update pages set path = '/renamed' where path = '/7'`)
	polls := followBlog(t, m)
	if s := sums(polls); s.Written == 0 || s.Deleted == 0 || s.Rejected != 0 {
		t.Errorf("the polls: got %+v, want written and deleted rows and none rejected", s)
	}
	if n := importtest.Value(t, m.To, "select count(*)::text from links where page = '/renamed'"); n != "3" {
		t.Errorf("links of the page whose primary key changed: got %s, want 3", n)
	}
	checkVerified(t, m)
	if last := polls[len(polls)-1]; last.Tables.Rows != 0 && last.Tables.Written != 0 {
		t.Errorf("the last poll: got %+v, want none written", last.Tables)
	}
	before := importtest.Column(t, m.To, "select xmin::text from posts order by id")
	followBlog(t, m)
	if diff := cmp.Diff(before, importtest.Column(t, m.To, "select xmin::text from posts order by id")); diff != "" {
		t.Errorf("transactions of the rows after a poll without changes (-before +after):\n%s", diff)
	}
	if kept := keptByRollback(t, m); len(kept) > 0 {
		t.Errorf("objects that the rollback kept: got %v, want none", kept)
	}
}

// A row is deleted, and another one gets its unique value, before a poll that does not look for deleted rows.
func TestPollLooksForDeletedRowsIfTheTargetRejectsOne(t *testing.T) {
	t.Parallel()
	m, _ := moveBlog(t)
	followBlog(t, m)
	f, err := tables.NewFollower(t.Context(), m.Env(), "supabase")
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, m.From, "delete from posts where slug = 'slug-1'; delete from pages where path = '/1'")
	if c, err := f.Poll(t.Context(), false); err != nil || c.Deleted != 0 {
		t.Errorf("a poll that does not look for deleted rows: got %+v and the error %v, want none deleted", c, err)
	}
	dbtest.Exec(t, m.From, "insert into posts (author, slug) select author, 'slug-1' from posts limit 1")
	c, err := f.Poll(t.Context(), false)
	if err != nil || c.Deleted == 0 || c.Written == 0 || c.Rejected != 0 {
		t.Errorf("a poll with a row that the target rejects at first: got %+v and the error %v, want it written", c, err)
	}
	checkVerified(t, m)
}

func TestFreezeCheckCopiesTablesWithoutAPrimaryKey(t *testing.T) {
	t.Parallel()
	m, moved := moveBlog(t)
	names := []string{}
	for _, k := range moved.Keyless {
		names = append(names, k.Name)
		if k.Rows == 0 || k.Seconds <= 0 {
			t.Errorf("the first copy of %s: got %d rows in %f seconds, want more than 0", k.Name, k.Rows, k.Seconds)
		}
	}
	if diff := cmp.Diff([]string{"public.visits", "public.visits_of_day"}, names); diff != "" {
		t.Errorf("tables without a primary key (-want +got):\n%s", diff)
	}
	dbtest.Exec(t, m.From, `insert into visits values (now(), '/new'); delete from visits where page = '/3';
update visits set page = '/again' where page = '/4'; insert into log (what) values ('x')`)
	followBlog(t, m)
	if n := importtest.Value(t, m.To, "select count(*)::text from visits where page = '/new'"); n != "0" {
		t.Errorf("new rows of a table without a primary key after the polls: got %s, want 0", n)
	}
	if f := checkBlogIsFrozen(t, m); f.Finish.Written != 50 || f.Finish.Tables != 1 {
		t.Errorf("the freeze check: got %+v, want the 50 rows of visits copied", f.Finish)
	}
	checkVerified(t, m)
	checkSequences(t, m)
	if f := checkBlogIsFrozen(t, m); len(f.Tables) != 0 {
		t.Errorf("a second check: got %d verified tables, want none again", len(f.Tables))
	}
	if kept := keptByRollback(t, m); len(kept) > 0 {
		t.Errorf("objects that the rollback kept: got %v, want none", kept)
	}
}

func TestSourceIsNotFrozenWhileRowsOfTablesChange(t *testing.T) {
	t.Parallel()
	m, _ := moveBlog(t)
	followBlog(t, m)
	f, err := follow.CheckFreeze(t.Context(), m.Env(), followOptions(func(follow.Poll) {
		dbtest.Exec(t, m.From, "update pages set title = title || '.' where path = '/2'")
	}))
	if want := "rows of moved tables still change"; err != nil || f.IsFrozen || !strings.Contains(f.WhyNot(), want) {
		t.Errorf("a row that changes after each poll: got frozen %t, %q and the error %v, want false and %q",
			f.IsFrozen, f.WhyNot(), err, want)
	}
	// A poll that reads no row is after all rows of the source, so that no later one copies the changed row again.
	importtest.Eventually(t, "a poll that reads no row", func() bool {
		polls := followBlog(t, m)
		return polls[len(polls)-1].Tables.Rows == 0
	})
	dbtest.Exec(t, m.To, "update posts set body = 'changed here' where id = 2")
	dbtest.Exec(t, m.From, "update pages set title = 'y' where path = '/3'")
	if f, err = follow.CheckFreeze(t.Context(), m.Env(), followOptions(nil)); err != nil || f.IsFrozen {
		t.Errorf("a row that differs in the target: got frozen %t and the error %v, want false", f.IsFrozen, err)
	}
}

// The target has a constraint that the source does not have.
func TestRowsThatTheTargetRejectsAreQuarantinedWhileFollowing(t *testing.T) {
	t.Parallel()
	m, _ := moveBlog(t)
	dbtest.Exec(t, m.To, "alter table posts add constraint short check (length(body) < 20)")
	const long = "'a text that is too long'"
	dbtest.Exec(t, m.From, newAuthor+`
update posts set body = `+long+` where id = 1;
update posts set body = 'fine' where id = 2;
insert into posts (author, slug, body) select author, 'long', `+long+` from posts where id = 2`)
	polls := followBlog(t, m)
	// A transaction of another test on the same server can make a later poll read, and reject, the rows again.
	if s := sums(polls); s.Rejected < 2 {
		t.Errorf("rejected rows: got %d, want 2 or more", s.Rejected)
	}
	const stored = `select concat_ws(' ', table_name, key_name, action, original->>'slug') from supabase_import.moved_row
order by 1`
	want := []string{"public.posts short outdated slug-1", "public.posts short quarantined long"}
	if diff := cmp.Diff(want, importtest.Column(t, m.To, stored)); diff != "" {
		t.Errorf("rows of moved_row (-want +got):\n%s", diff)
	}
	v, err := tables.Verify(t.Context(), m.Env(), "supabase", 1)
	if err != nil || !v.Equal {
		t.Errorf("the verification: got equal %t and the error %v, want true: moved_row has what differs", v.Equal, err)
	}
	dbtest.Exec(t, m.From, "update posts set body = 'short' where id = 1; delete from posts where slug = 'long'")
	followBlog(t, m)
	if left := importtest.Column(t, m.To, stored); len(left) > 0 {
		t.Errorf("rows of moved_row after they were corrected in the source: got %v, want none", left)
	}
	if v, err = tables.Verify(t.Context(), m.Env(), "supabase", 1); err != nil || !v.Equal {
		t.Errorf("the verification at the end: got equal %t and the error %v, want true", v.Equal, err)
	}
}

// The import leaves out a soft-deleted user, to whom a new row refers.
func TestRowOfAUserWhoIsNotImportedIsQuarantinedWhileFollowing(t *testing.T) {
	t.Parallel()
	m, _ := moveBlog(t)
	dbtest.Exec(t, m.From, `
insert into auth.users (id, deleted_at) values (md5('gone')::uuid, now());
insert into authors values (md5('gone')::uuid, 'Gone');
insert into posts (author, slug) values (md5('gone')::uuid, 'gone')`)
	polls := followBlog(t, m)
	if !polls[len(polls)-1].Tables.IsIdle() {
		t.Errorf("the last poll: got %+v, want an idle one", polls[len(polls)-1].Tables)
	}
	got := importtest.Column(t, m.To, `select table_name || ' ' || key_name || ' ' || action
from supabase_import.moved_row order by 1`)
	want := []string{"public.authors authors_id_fkey quarantined", "public.posts posts_author_fkey quarantined"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows of moved_row (-want +got):\n%s", diff)
	}
	checkVerified(t, m)
	checkBlogIsFrozen(t, m)
}

// checkBlogIsFrozen checks the freeze, and fails the test if the source is not frozen.
func checkBlogIsFrozen(t *testing.T, m *importer.Import) follow.Freeze {
	t.Helper()
	f, err := follow.CheckFreeze(t.Context(), m.Env(), followOptions(nil))
	if err != nil || !f.IsFrozen {
		t.Fatalf("the freeze check: got frozen %t, %q and the error %v, want true", f.IsFrozen, f.WhyNot(), err)
	}
	return f
}

// The target deletes rows together with the row to which they refer, and the source has other rows there.
func TestFollowBringsBackRowsThatTheTargetLacks(t *testing.T) {
	t.Parallel()
	m, _ := moveBlog(t)
	followBlog(t, m)
	dbtest.Exec(t, m.To, "delete from tags where post = 1")
	if s := sums(followBlog(t, m)); s.Written != 2 || s.Deleted != 0 {
		t.Errorf("rows that the target lacks: got %+v, want the 2 tags written", s)
	}
	checkVerified(t, m)
}

func TestFollowOfTablesNeedsACompleteMove(t *testing.T) {
	t.Parallel()
	m := importUsers(t, "blog")
	_, err := follow.Run(t.Context(), m.Env(), followOptions(nil))
	if err == nil || !strings.Contains(err.Error(), "has moved no tables") {
		t.Errorf("before a move: got the error %v, want one that says that no tables are moved", err)
	}
	if _, err := tables.Prepare(t.Context(), m.Env(), "supabase", tables.Options{}, installedPgDumps(t)); err != nil {
		t.Fatal(err)
	}
	_, err = follow.Run(t.Context(), m.Env(), followOptions(nil))
	if err == nil || !strings.Contains(err.Error(), "xenon migrate tables first") {
		t.Errorf("after --prepare: got the error %v, want one that names xenon migrate tables", err)
	}
}
