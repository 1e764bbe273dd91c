package importtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
)

// ApplicationTables is the SQL for tables of an application in the same database as Xenon's tables. They refer to users
// directly and through other tables, with every ON DELETE action, and by composite keys. Some refer to sessions,
// accounts, profiles or to themselves. Some are in another schema, one is partitioned, and one inherits from another.
const ApplicationTables = `
create schema shop;
create table shop.orders (id uuid primary key default gen_random_uuid(), buyer uuid not null references "user"
  on delete cascade);
create table shop.order_items (order_id uuid not null references shop.orders, line int not null default 1, primary key
  (order_id, line));
create table notes (id uuid primary key default gen_random_uuid(), author uuid references "user"
  on delete cascade, parent uuid references notes on delete cascade);
create table audit (actor uuid references "user" on delete set null, what text);
create table debt (debtor uuid references "user");
create table deposits (owner uuid references "user" on delete restrict);
create table badges (holder uuid default null references "user" on delete set default);
create table drafts (writer uuid not null references "user" on delete set null);
create table memberships (team int, member uuid references "user" on delete cascade, primary key (team, member));
create table grants (team int, member uuid, what text, foreign key (team, member) references memberships
  on delete cascade);
alter table "user" add unique (id, name), add column "invitedBy" uuid references "user" on delete set null;
create table tenants (user_id uuid, user_name text, foreign key (user_id, user_name) references "user" (id, name)
  on update cascade on delete cascade);
create table devices (session uuid references session on delete cascade);
create table payouts (account uuid references account on delete cascade);
create table enrolments (profile uuid references user_profile (user_id) on delete cascade);
create table events (at date not null, actor uuid references "user"
  on delete cascade, primary key (at, actor)) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create table clicks (at date, actor uuid, foreign key (at, actor) references events_2026 on delete cascade);
create table shop.letters (recipient uuid not null references "user" on delete cascade deferrable initially deferred);
create table heirlooms (keeper uuid);
create table heirlooms_old (foreign key (keeper) references "user" on delete cascade) inherits (heirlooms);
`

// applicationRows describes rows of an application that refer to one user.
type applicationRows struct {
	insert string // the statement that writes the rows; $1 is the id of the user
	tables string // the tables, with row counts, that the import reports as the reason why it keeps the user
}

// ApplicationRows has rows for each kind of reference to a user. The key is the name of the kind.
var ApplicationRows = map[string]applicationRows{
	"cascade": {`insert into shop.orders (buyer) values ($1), ($1)`, "shop.orders: 2"},
	"through another table": {
		`with o as (insert into shop.orders (buyer) values ($1) returning id) insert into shop.order_items select id from o`,
		"shop.orders: 1",
	},
	"self reference": {
		`with n as (insert into notes (author) values ($1) returning id) insert into notes (parent) select id from n`,
		"public.notes: 1",
	},
	"set null":             {`insert into audit values ($1, 'signed in')`, "public.audit: 1"},
	"no action":            {`insert into debt values ($1)`, "public.debt: 1"},
	"restrict":             {`insert into deposits values ($1)`, "public.deposits: 1"},
	"set default":          {`insert into badges values ($1)`, "public.badges: 1"},
	"set null of not null": {`insert into drafts values ($1)`, "public.drafts: 1"},
	"composite key": {
		`with m as (insert into memberships values (1, $1) returning *) insert into grants select team, member, 'all' from m`,
		"public.memberships: 1",
	},
	"composite key to user": {`insert into tenants select id, name from "user" where id = $1`, "public.tenants: 1"},
	"session": {
		`with s as (insert into session ("expiresAt", token, "updatedAt", "userId") values (now(), 'own ' || $1, now(), $1)
			returning id) insert into devices select id from s`,
		"public.devices: 1",
	},
	"account": {
		`insert into payouts select id from account where "userId" = $1 limit 1`,
		"public.payouts: 1",
	},
	"profile": {`insert into enrolments values ($1)`, "public.enrolments: 1"},
	"partition": {
		`with e as (insert into events values ('2026-05-01', $1) returning *) insert into clicks select * from e`,
		"public.events: 1",
	},
	"deferred":        {`insert into shop.letters values ($1)`, "shop.letters: 1"},
	"inherited table": {`insert into heirlooms_old values ($1)`, "public.heirlooms_old: 1"},
	"two tables": {
		`with o as (insert into shop.orders (buyer) values ($1) returning buyer) insert into audit select buyer, 'ordered'
			from o`,
		"public.audit: 1, shop.orders: 1",
	},
	"column of another user": {
		`update "user" set "invitedBy" = $1 where id = (select max(id::text)::uuid from "user")`,
		`public."user": 1`,
	},
}

// ApplicationRowTexts returns the rows of all tables of the application as text, by table, and the values of the
// application's column "invitedBy" in the table user.
func ApplicationRowTexts(t *testing.T, url string) map[string][]string {
	t.Helper()
	all := map[string]string{}
	for _, table := range Column(t, url, `select c.oid::regclass::text from pg_class c join pg_namespace n
		on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname in ('public', 'shop') and not c.relispartition and c.relname not in
  ('user', 'account', 'session', 'verification', 'user_profile', 'jwks', 'rateLimit', 'goose_db_version') union all
  select 'events' where to_regclass('events') is not null`) {
		all[table] = "select r::text from " + table + " r order by 1"
	}
	all[`"user"`] = `select id || ' ' || (to_jsonb(u)->>'invitedBy') from "user" u
		where to_jsonb(u)->>'invitedBy' is not null`
	return Contents(t, url, all)
}

// ImportWithApplicationTables imports 300 users into a target with the tables of an application, and then writes the
// ApplicationRows. It returns the import and, for each kind of reference, the id of the user to whom the rows refer.
// Each kind has a different user.
func ImportWithApplicationTables(t *testing.T, seed uint64) (m *importer.Import, userIDs map[string]string) {
	t.Helper()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, seed, 300)
	m = NewImport(t, from)
	Exec(t, m.To, ApplicationTables)
	RunToCompletion(t, m, BatchesOf100)
	whole := Column(t, m.To, `select u.id::text from "user" u join user_profile p on p.user_id = u.id
where exists (select from account a where a."userId" = u.id) and u.id <> (select max(id::text)::uuid from "user")
  order by u.id`)
	userIDs = map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(ApplicationRows)) {
		userIDs[name] = whole[i]
		Exec(t, m.To, strings.ReplaceAll(ApplicationRows[name].insert, "$1", "'"+whole[i]+"'"))
	}
	return m, userIDs
}

// SQLAnyOf returns the SQL text any(…) with an array of the user ids, for a condition such as id = any(…).
func SQLAnyOf(userIDs map[string]string) string {
	return fmt.Sprintf("any('{%s}'::uuid[])", strings.Join(slices.Collect(maps.Values(userIDs)), ","))
}

// UsersKeptAfterSourceDeletion returns the ids of the users that were deleted in the source and that the target keeps,
// each with the tables that the import reports as the reason.
func UsersKeptAfterSourceDeletion(t *testing.T, m *importer.Import) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, line := range Column(t, m.To, `select key || ' ' || detail from supabase_import.quarantine
		where reason = 'removed_at_source' and source = 'user' and field = '' and resolved is null`) {
		id, tables, _ := strings.Cut(line, " ")
		got[id] = tables
	}
	return got
}

// ExpectedReferringTables returns what UsersKeptAfterSourceDeletion must return if all users of
// ImportWithApplicationTables are deleted in the source.
func ExpectedReferringTables(userIDs map[string]string) map[string]string {
	want := map[string]string{}
	for name, id := range userIDs {
		want[id] = ApplicationRows[name].tables
	}
	return want
}
