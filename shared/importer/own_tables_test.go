package importer_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// ownTables are tables of an application as real projects have them beside Xenon's. They refer to users directly and
// over further tables, with every ON DELETE action, by composite keys, to sessions, accounts and profiles, from another
// schema, from partitions and to themselves.
const ownTables = `
create schema shop;
create table shop.orders (id uuid primary key default gen_random_uuid(), buyer uuid not null references "user" on delete cascade);
create table shop.order_items (order_id uuid not null references shop.orders, line int not null default 1, primary key (order_id, line));
create table notes (id uuid primary key default gen_random_uuid(), author uuid references "user" on delete cascade, parent uuid references notes on delete cascade);
create table audit (actor uuid references "user" on delete set null, what text);
create table debt (debtor uuid references "user");
create table deposits (owner uuid references "user" on delete restrict);
create table badges (holder uuid default null references "user" on delete set default);
create table drafts (writer uuid not null references "user" on delete set null);
create table memberships (team int, member uuid references "user" on delete cascade, primary key (team, member));
create table grants (team int, member uuid, what text, foreign key (team, member) references memberships on delete cascade);
alter table "user" add unique (id, name), add column "invitedBy" uuid references "user" on delete set null;
create table tenants (user_id uuid, user_name text, foreign key (user_id, user_name) references "user" (id, name) on update cascade on delete cascade);
create table devices (session uuid references session on delete cascade);
create table payouts (account uuid references account on delete cascade);
create table enrolments (profile uuid references user_profile (user_id) on delete cascade);
create table events (at date not null, actor uuid references "user" on delete cascade, primary key (at, actor)) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create table clicks (at date, actor uuid, foreign key (at, actor) references events_2026 on delete cascade);
create table shop.letters (recipient uuid not null references "user" on delete cascade deferrable initially deferred);
create table heirlooms (keeper uuid);
create table heirlooms_old (foreign key (keeper) references "user" on delete cascade) inherits (heirlooms);
`

// ownRow is a row of an application that refers to the user $1.
type ownRow struct {
	insert string
	tables string // what names it where the user stays
}

// ownRows by what they show. Each belongs to another user.
var ownRows = map[string]ownRow{
	"cascade":                  {`insert into shop.orders (buyer) values ($1), ($1)`, "shop.orders: 2"},
	"a table further":          {`with o as (insert into shop.orders (buyer) values ($1) returning id) insert into shop.order_items select id from o`, "shop.orders: 1"},
	"self reference":           {`with n as (insert into notes (author) values ($1) returning id) insert into notes (parent) select id from n`, "public.notes: 1"},
	"set null":                 {`insert into audit values ($1, 'signed in')`, "public.audit: 1"},
	"no action":                {`insert into debt values ($1)`, "public.debt: 1"},
	"restrict":                 {`insert into deposits values ($1)`, "public.deposits: 1"},
	"set default":              {`insert into badges values ($1)`, "public.badges: 1"},
	"set null of not null":     {`insert into drafts values ($1)`, "public.drafts: 1"},
	"composite key":            {`with m as (insert into memberships values (1, $1) returning *) insert into grants select team, member, 'all' from m`, "public.memberships: 1"},
	"composite key to user":    {`insert into tenants select id, name from "user" where id = $1`, "public.tenants: 1"},
	"session":                  {`with s as (insert into session ("expiresAt", token, "updatedAt", "userId") values (now(), 'own ' || $1, now(), $1) returning id) insert into devices select id from s`, "public.devices: 1"},
	"account":                  {`insert into payouts select id from account where "userId" = $1 limit 1`, "public.payouts: 1"},
	"profile":                  {`insert into enrolments values ($1)`, "public.enrolments: 1"},
	"partition":                {`with e as (insert into events values ('2026-05-01', $1) returning *) insert into clicks select * from e`, "public.events: 1"},
	"deferred":                 {`insert into shop.letters values ($1)`, "shop.letters: 1"},
	"inherited table":          {`insert into heirlooms_old values ($1)`, "public.heirlooms_old: 1"},
	"two tables":               {`with o as (insert into shop.orders (buyer) values ($1) returning buyer) insert into audit select buyer, 'ordered' from o`, "public.audit: 1, shop.orders: 1"},
	"another user's own field": {`update "user" set "invitedBy" = $1 where id = (select max(id::text)::uuid from "user")`, `public."user": 1`},
}

// ownData is everything in the tables of the application.
func ownData(t *testing.T, url string) map[string][]string {
	t.Helper()
	all := map[string]string{}
	for _, table := range column(t, url, `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname in ('public', 'shop') and not c.relispartition and c.relname not in
  ('user', 'account', 'session', 'verification', 'user_profile', 'jwks', 'rateLimit', 'goose_db_version') union all select 'events' where to_regclass('events') is not null`) {
		all[table] = "select r::text from " + table + " r order by 1"
	}
	all[`"user"`] = `select id || ' ' || (to_jsonb(u)->>'invitedBy') from "user" u where to_jsonb(u)->>'invitedBy' is not null`
	return contents(t, url, all)
}

// withOwnTables is an imported project whose target has own tables, and a user for every row of ownRows.
func withOwnTables(t *testing.T, seed uint64) (m *importer.Import, who map[string]string) {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, seed, 300)
	m = open(t, from)
	change(t, m.To, ownTables)
	complete(t, m, allow)
	whole := column(t, m.To, `select u.id::text from "user" u join user_profile p on p.user_id = u.id
where exists (select from account a where a."userId" = u.id) and u.id <> (select max(id::text)::uuid from "user") order by u.id`)
	who = map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(ownRows)) {
		who[name] = whole[i]
		change(t, m.To, strings.ReplaceAll(ownRows[name].insert, "$1", "'"+whole[i]+"'"))
	}
	return m, who
}

func anyOf(who map[string]string) string {
	return fmt.Sprintf("any('{%s}'::uuid[])", strings.Join(slices.Collect(maps.Values(who)), ","))
}

// remaining are the users whom the quarantine names as gone from the source and still there, with the tables.
func remaining(t *testing.T, m *importer.Import) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, line := range column(t, m.To, `select key || ' ' || detail from supabase_import.quarantine where reason = 'removed_at_source' and source = 'user' and field = '' and resolved is null`) {
		id, tables, _ := strings.Cut(line, " ")
		got[id] = tables
	}
	return got
}

func expectedTables(who map[string]string) map[string]string {
	want := map[string]string{}
	for name, id := range who {
		want[id] = ownRows[name].tables
	}
	return want
}

func TestLaterPassKeepsUsersWithRowsInOwnTables(t *testing.T) {
	t.Parallel()
	m, who := withOwnTables(t, 301)
	theirs := map[string]string{
		"user": `select r::text from "user" r where id = ` + anyOf(who), "account": `select r::text from account r where "userId" = ` + anyOf(who),
		"user_profile": `select r::text from user_profile r where user_id = ` + anyOf(who), "session": `select r::text from session r where "userId" = ` + anyOf(who),
	}
	before, own := contents(t, m.To, theirs), ownData(t, m.To)
	bystander := value(t, m.To, `select id::text from "user" u where not (id = `+anyOf(who)+`) and id <> (select max(id::text)::uuid from "user") limit 1`)
	change(t, m.From, `delete from public.profiles where user_id = `+anyOf(who)+` or user_id = '`+bystander+`'; delete from auth.users where id = `+anyOf(who)+` or id = '`+bystander+`'`)
	for pass := 2; pass <= 3; pass++ {
		st := complete(t, m, allow)
		if diff := unlike(contents(t, m.To, theirs), before); diff != "" {
			t.Errorf("pass %d changed users who stay: %s", pass, diff)
		}
		if diff := unlike(ownData(t, m.To), own); diff != "" {
			t.Errorf("pass %d changed rows of own tables: %s", pass, diff)
		}
		if diff := cmp.Diff(remaining(t, m), expectedTables(who)); diff != "" {
			t.Errorf("pass %d names users who stay, got - want +:\n%s", pass, diff)
		}
		if len(st.Parked) > 0 || st.Reasons["user target_modified"] > 0 {
			t.Errorf("pass %d: parked %v, %d users modified", pass, st.Parked, st.Reasons["user target_modified"])
		}
		if n := value(t, m.To, `select count(*)::text from "user" where id = $1`, bystander); n != "0" {
			t.Error("a user without rows in own tables stayed")
		}
		v := verify(t, m)
		if !v.Equal || v.Different != 0 {
			t.Errorf("pass %d: verification is equal: %v, differences %v, equations %v", pass, v.Equal, v.Differences, v.Equations)
		}
		named := map[string]string{}
		for _, r := range v.Remaining {
			if r.Source == importer.User {
				named[r.ID] = r.Why
			}
		}
		if diff := cmp.Diff(named, expectedTables(who)); diff != "" {
			t.Errorf("the verification of pass %d names, got - want +:\n%s", pass, diff)
		}
	}
	change(t, m.To, `update "user" set "invitedBy" = null; truncate shop.orders, shop.order_items, notes, audit, debt, deposits, badges, drafts, memberships, grants,
  tenants, devices, payouts, enrolments, events, clicks, shop.letters, heirlooms_old`)
	complete(t, m, allow)
	if n := value(t, m.To, `select count(*)::text from "user" where id = `+anyOf(who)); n != "0" || len(remaining(t, m)) != 0 {
		t.Errorf("without rows in own tables %s users stay, and the quarantine names %v", n, remaining(t, m))
	}
	if v := verify(t, m); !v.Equal || v.Remain != 0 {
		t.Errorf("at the end equal: %v, %d remain", v.Equal, v.Remain)
	}
}

// Parts of a user are gone from the source, and own tables refer to these parts alone.
func TestLaterPassKeepsAccountPasswordAndProfileWithRowsInOwnTables(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 302, 300)
	change(t, from, `insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
select gen_random_uuid(), id, 'gitlab', 'second ' || id, '{}', now(), now() from auth.users u where encrypted_password like '$2a$04%' and deleted_at is null
  and not exists (select from auth.identities i where i.user_id = u.id and i.provider not in ('email', 'phone'))`)
	m := open(t, from)
	change(t, m.To, `create table payouts (account uuid references account on delete cascade); create table enrolments (profile uuid references user_profile on delete set null)`)
	complete(t, m, allow)
	id := func(condition string) string {
		return value(t, m.To, `select min(u.id::text) from "user" u join user_profile p on p.user_id = u.id join account c on c."userId" = u.id and c."providerId" = 'credential'
join account a on a."userId" = u.id and a."providerId" <> 'credential' where `+condition)
	}
	linked := id("true")
	other := id("u.id <> '" + linked + "'")
	change(t, m.To, fmt.Sprintf(`insert into payouts select id from account where "userId" = '%s'; insert into enrolments select id from user_profile where user_id = '%[1]s'`, linked))
	parts := fmt.Sprintf("in ('%s', '%s')", linked, other)
	change(t, from, `update auth.users set encrypted_password = null where id `+parts+`; delete from auth.identities where provider not in ('email', 'phone') and user_id `+parts+
		`; delete from public.profiles where user_id `+parts)
	rows := map[string]string{
		"account": `select r::text from account r where "userId" = '` + linked + `'`, "user_profile": `select r::text from user_profile r where user_id = '` + linked + `'`,
		"payouts": `select r::text from payouts r`, "enrolments": `select r::text from enrolments r`,
	}
	before := contents(t, m.To, rows)
	complete(t, m, allow)
	complete(t, m, allow)
	if diff := unlike(contents(t, m.To, rows), before); diff != "" {
		t.Errorf("what rows refer to changed: %s", diff)
	}
	named := column(t, m.To, `select distinct source || ' ' || field || ' ' || detail from supabase_import.quarantine where reason = 'removed_at_source' and resolved is null and user_id = $1 order by 1`, linked)
	want := []string{"identity  public.payouts: 1", "profile  public.enrolments: 1", "user credential public.payouts: 1"}
	if diff := cmp.Diff(named, want); diff != "" {
		t.Errorf("named, got - want +:\n%s", diff)
	}
	if n := value(t, m.To, `select count(*)::text from account where "userId" = $1`, other); n != "0" {
		t.Errorf("%s accounts of the user without rows in own tables stay", n)
	}
	if v := verify(t, m); !v.Equal || v.Remain < 3 {
		t.Errorf("verification is equal: %v, %d remain; differences %v, equations %v", v.Equal, v.Remain, v.Differences, v.Equations)
	}
	change(t, m.To, "truncate payouts, enrolments")
	complete(t, m, allow)
	sameAsFresh(t, m, allow)
}

func TestLaterPassUpdatesProfileWithRowsInOwnTables(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 303, 100)
	m := open(t, from)
	change(t, m.To, `create table enrolments (profile uuid references user_profile on delete cascade, learner uuid references user_profile (user_id) on delete restrict)`)
	complete(t, m, allow)
	change(t, m.To, `insert into enrolments select id, user_id from user_profile`)
	before := value(t, m.To, "select count(*)::text from enrolments")
	change(t, from, `update public.profiles set learning_mode = case learning_mode when 'visual' then 'textual' else 'visual' end, updated_at = '2026-01-02 03:04:05Z'`)
	complete(t, m, allow)
	if after := value(t, m.To, "select count(*)::text from enrolments"); after != before || before == "0" {
		t.Errorf("%s rows refer to profiles, want the %s of before", after, before)
	}
	if n := value(t, m.To, "select count(*)::text from user_profile where updated_at = '2026-01-02 03:04:05Z'"); n != before {
		t.Errorf("%s profiles have the source's time, want all %s", n, before)
	}
	sameAsFresh(t, m, allow)
}

// A user is deleted softly in Supabase; their row and identities are still there.
func TestLaterPassKeepsSoftlyDeletedUserWithRowsInOwnTables(t *testing.T) {
	t.Parallel()
	m, who := withOwnTables(t, 304)
	before, own := counted(t, m.To), ownData(t, m.To)
	change(t, m.From, `update auth.users set deleted_at = now() where id = `+anyOf(who))
	for range 2 {
		complete(t, m, allow)
		if diff := cmp.Diff(remaining(t, m), expectedTables(who)); diff != "" {
			t.Errorf("named, got - want +:\n%s", diff)
		}
		if diff := cmp.Diff(counted(t, m.To), before); diff != "" {
			t.Errorf("rows of the target, got - want +:\n%s", diff)
		}
		if diff := unlike(ownData(t, m.To), own); diff != "" {
			t.Errorf("rows of own tables changed: %s", diff)
		}
		if v := verify(t, m); !v.Equal {
			t.Errorf("differences %v, equations %v", v.Differences, v.Equations)
		}
	}
	change(t, m.From, `update auth.users set deleted_at = null where id = `+anyOf(who))
	complete(t, m, allow)
	if v := verify(t, m); !v.Equal || v.Remain != 0 || len(remaining(t, m)) != 0 {
		t.Errorf("when they are back %d remain, %v; differences %v, equations %v", v.Remain, remaining(t, m), v.Differences, v.Equations)
	}
}

func TestLaterPassNamesUserWhomATriggerKeeps(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 305, 200)
	m := open(t, from)
	complete(t, m, allow)
	ids := column(t, m.To, `select id::text from "user" order by id`)
	kept, gone := ids[0], ids[1]
	change(t, m.To, `create function refuse() returns trigger language plpgsql as $$ begin if old.id = '`+kept+`' then raise exception 'secret %', old.email; end if; return old; end $$;
create trigger refuse before delete on "user" for each row execute function refuse()`)
	change(t, from, `delete from public.profiles where user_id in ('`+kept+`', '`+gone+`'); delete from auth.users where id in ('`+kept+`', '`+gone+`')`)
	for range 2 {
		complete(t, m, allow)
		if diff := cmp.Diff(remaining(t, m), map[string]string{kept: "SQLSTATE P0001"}); diff != "" {
			t.Errorf("named, got - want +:\n%s", diff)
		}
		if n := value(t, m.To, `select count(*)::text from "user" where id in ($1, $2)`, kept, gone); n != "1" {
			t.Errorf("%s of both users are there, want the one whom the trigger keeps", n)
		}
		if v := verify(t, m); !v.Equal {
			t.Errorf("differences %v, equations %v", v.Differences, v.Equations)
		}
	}
	change(t, m.To, `drop trigger refuse on "user"`)
	complete(t, m, allow)
	sameAsFresh(t, m, allow)
}

// The application stores an order of a user while the pass is about to remove the user.
func TestLaterPassSeesAnOrderThatArrivesMeanwhile(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 306, 100)
	m := open(t, from)
	change(t, m.To, `create table orders (buyer uuid references "user" on delete cascade)`)
	complete(t, m, allow)
	id := value(t, m.To, `select min(id::text) from "user"`)
	change(t, from, `delete from public.profiles where user_id = '`+id+`'; delete from auth.users where id = '`+id+`'`)
	tx, err := conn(t, m.To).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "insert into orders values ($1)", id); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := m.Run(t.Context(), allow, false, 1)
		done <- err
	}()
	eventually(t, "the pass waits for the user", func() bool {
		return value(t, m.To, `select count(*)::text from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) != "0"
	})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := value(t, m.To, "select count(*)::text from orders"); n != "1" {
		t.Error("the order is gone")
	}
	if diff := cmp.Diff(remaining(t, m), map[string]string{id: "public.orders: 1"}); diff != "" {
		t.Errorf("named, got - want +:\n%s", diff)
	}
}
