package inventory_test

import (
	"context"
	"crypto/rand"
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer/inventory"
)

// project has tables of the shapes that occur in projects.
//
//go:embed testdata/project.sql
var project string

// read returns the inventory of a source with the tables of a Supabase project, and with those that sql creates.
func read(t *testing.T, sql string) inventory.Inventory {
	t.Helper()
	src := connect(t, supabasetest.New(t))
	if _, err := src.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	v, err := inventory.Read(t.Context(), src, connect(t, dbtest.New(t)), "public", []string{"account", "user"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	if _, err := conn.Exec(t.Context(), "SET row_security = off"); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestInventoryListsTablesAndHowTheyReachUsers(t *testing.T) {
	t.Parallel()
	v := read(t, project)
	got := map[string]inventory.Table{}
	for _, table := range v.Tables {
		if table.Bytes = min(table.Bytes, 1); table.Bytes == 0 {
			t.Errorf("the size of %s: got 0 bytes, want the size with its indexes", table.Name)
		}
		got[table.Name] = table
	}
	none := []string{}
	want := map[string]inventory.Table{
		"public.members": {
			Kind: "table", Rows: 3, ReachesUsers: []string{"id → auth.users"}, UserColumns: none,
			RowSecurity: true, Policies: 2, Triggers: 1,
		},
		"public.posts": {
			Kind: "table", Rows: 2, ReachesUsers: []string{"author → public.members", "id → auth.users"},
			UserColumns: []string{"editor"}, UserArrays: []string{"readers"}, RowSecurity: true, Policies: 1, Sequences: 1,
		},
		"public.comments": {
			Kind: "table", Rows: 1, UserColumns: none, Sequences: 1,
			ReachesUsers: []string{"post → public.posts", "author → public.members", "id → auth.users"},
		},
		"public.account":       {Kind: "table", ReachesUsers: none, UserColumns: none, NoPrimaryKey: true, NameTaken: true},
		"shop.events":          {Kind: "partitioned", Rows: 2, ReachesUsers: none, UserColumns: none, NoPrimaryKey: true},
		`shop."Order Items"`:   {Kind: "table", Rows: 1, ReachesUsers: none, UserColumns: []string{`"Buyer"`}},
		"shop.base":            {Kind: "inherited", ReachesUsers: none, UserColumns: none, NoPrimaryKey: true},
		"shop.derived":         {Kind: "inherited", Rows: 1, ReachesUsers: none, UserColumns: none, NoPrimaryKey: true},
		"public.user_profiles": {Kind: "table", ReachesUsers: []string{"owner → auth.users"}, UserColumns: none},
	}
	for name, table := range want {
		table.Name, table.Bytes, table.Next = name, 1, "moved"
		if table.UserArrays == nil {
			table.UserArrays = none
		}
		if table.NameTaken {
			table.Next = "decide: Xenon has a table of this name. Choose SCHEMA=xenon, or --exclude public.account"
		}
		if diff := cmp.Diff(table, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		delete(got, name)
	}
	for name := range got {
		if name != "public.profiles" { // a table of every test project
			t.Errorf("got the table %s, want only tables of the project's own schemas", name)
		}
	}
}

// A column without a foreign key can also have ids of users who were deleted since.
func TestColumnsWithIdsOfUsersCanHaveOtherIds(t *testing.T) {
	t.Parallel()
	v := readProject(t, "tasks", `INSERT INTO public.events (actor, verb)
SELECT gen_random_uuid(), 'seen' FROM generate_series(1, 9)`)
	got := map[string][]string{}
	for _, table := range v.Tables {
		if all := append(table.UserColumns, table.UserArrays...); len(all) > 0 {
			got[table.Name] = all
		}
	}
	want := map[string][]string{
		"public.boards": {"viewers"}, "public.events": {"actor"}, "public.tasks": {"assignees", "watchers"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns with ids of users and without a foreign key (-want +got):\n%s", diff)
	}
}

func TestInventoryListsWhatUsesTheSchemaAuth(t *testing.T) {
	t.Parallel()
	v := read(t, project)
	const works = "works with the schema auth that the move creates"
	want := []inventory.Object{
		{"function", "public.new_member()", []string{"users"}, works},
		{"function", "public.sessions()", []string{"sessions", "uid"}, "needs auth.sessions, which the move does not create"},
		{"function", "public.who()", []string{"uid"}, works},
		{"policy", `public.members: "own row"`, []string{"uid"}, works},
		{"policy", `public.posts: "own posts"`, []string{"uid"}, works},
		{"trigger", "public.members: check_member", []string{"users"}, works},
		{"view", "public.emails", []string{"users"}, works},
	}
	if diff := cmp.Diff(want, v.UsesAuth); diff != "" {
		t.Errorf("objects that use the schema auth (-want +got):\n%s", diff)
	}
	const again = `stays, unless --triggers creates it again on "user"`
	triggers := []inventory.Object{
		{"trigger", "on_auth_user_created: public.new_member()", []string{"users"}, again},
	}
	if diff := cmp.Diff(triggers, v.UserTriggers); diff != "" {
		t.Errorf("triggers on auth.users (-want +got):\n%s", diff)
	}
}

func TestInventoryListsExtensionsWithTheirStateAtTheTarget(t *testing.T) {
	t.Parallel()
	v := read(t, `CREATE SCHEMA tools; CREATE EXTENSION citext SCHEMA tools`)
	for _, e := range v.Extensions {
		if e.Name == "citext" && e.Schema == "tools" && e.Version != "" && e.Target == "available" && e.Next == "created" {
			return
		}
	}
	t.Errorf("extensions: got %+v, want citext in the schema tools, available at the target and created by the move",
		v.Extensions)
}

func TestUserKeysAreUniqueColumnsThatReferToUsers(t *testing.T) {
	t.Parallel()
	src := connect(t, supabasetest.New(t))
	if _, err := src.Exec(t.Context(), project+`
CREATE TABLE "Two Keys" (id uuid PRIMARY KEY REFERENCES auth.users, user_id uuid UNIQUE REFERENCES auth.users);
CREATE TABLE second (number bigint PRIMARY KEY, "Owner" uuid, FOREIGN KEY ("Owner") REFERENCES auth.users);
CREATE UNIQUE INDEX ON second ("Owner");
CREATE TABLE several (a uuid REFERENCES auth.users, b uuid REFERENCES auth.users, c uuid PRIMARY KEY);
CREATE UNIQUE INDEX ON several (a) WHERE b IS NULL;
CREATE UNIQUE INDEX ON several (b, a);
CREATE TABLE auth.extra (id uuid PRIMARY KEY REFERENCES auth.users);`); err != nil {
		t.Fatal(err)
	}
	got, err := inventory.ReadUserKeys(t.Context(), src)
	want := []inventory.UserKey{
		{"public", "Two Keys", "user_id"},
		{"public", "members", "id"},
		{"public", "profiles", "user_id"},
		{"public", "second", "Owner"},
		{"public", "user_profiles", "owner"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, want nil; keys (-want +got):\n%s", err, diff)
	}
}

func TestInventoryNamesTablesThatItMayNotRead(t *testing.T) {
	t.Parallel()
	url := supabasetest.New(t)
	role := "reader_" + strings.ToLower(rand.Text())
	owner := connect(t, url)
	execute := func(ctx context.Context, sql string) {
		if _, err := owner.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	execute(t.Context(), `CREATE TABLE secrets (id uuid PRIMARY KEY);
CREATE TABLE letters (id uuid PRIMARY KEY);
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
CREATE ROLE `+role+`;
GRANT USAGE ON SCHEMA auth TO `+role+`;
GRANT SELECT ON auth.users, letters TO `+role)
	t.Cleanup(func() { execute(context.WithoutCancel(t.Context()), "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	src := connect(t, url)
	if _, err := src.Exec(t.Context(), "SET ROLE "+role); err != nil {
		t.Fatal(err)
	}
	v, err := inventory.Read(t.Context(), src, connect(t, dbtest.New(t)), "xenon", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"public.letters: row security hides rows from this role", "public.secrets: no privilege to read it",
	} {
		if !slices.Contains(v.NotChecked, want) {
			t.Errorf("not checked: got %q, want %q in it", v.NotChecked, want)
		}
	}
	for _, table := range v.Tables {
		want := "decide: this role cannot read all rows. Use the role postgres, or --exclude " + table.Name
		if strings.HasPrefix(table.Name, "public.letters") && table.Next != want {
			t.Errorf("the next step of %s: got %q, want %q", table.Name, table.Next, want)
		}
	}
}
