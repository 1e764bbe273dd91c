//go:build moto && (amd64 || darwin)

package tables_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/inventory"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// vectors are the tables of a search by meaning, as Supabase's guides create them.
const vectors = `drop table public.profiles; create schema extensions; create extension vector with schema extensions;
create table documents (id bigint generated always as identity primary key, owner uuid references auth.users,
  body text, embedding extensions.vector(3) not null, small extensions.vector[]);
insert into documents (owner, body, embedding, small)
select (select min(id::text)::uuid from auth.users), 'Document ' || n,
  format('[%s,%s,-0.5]', n, n % 7)::extensions.vector, array['[1,2]'::extensions.vector]
from generate_series(1, 30) n;
create index documents_cosine on documents using hnsw (embedding extensions.vector_cosine_ops) with (m = 8);
create index documents_l2 on documents using ivfflat (embedding extensions.vector_l2_ops) with (lists = 2);
create function match_documents(query extensions.vector(3), n int) returns setof bigint
language sql stable set search_path = '' as $$
  select d.id from public.documents d order by d.embedding operator(extensions.<->) query limit n
$$;
create table notes (id int primary key, body text); insert into notes values (1, 'a note');`

// importFrom imports the users of a source into a target with Xenon's tables.
func importFrom(t *testing.T, from, to string) *importer.Import {
	t.Helper()
	m := importtest.ImportBetween(from, to)
	if _, err := m.Run(t.Context(), importer.Options{MFA: "allow", Profiles: "none"}, false, 0); err != nil {
		t.Fatal(err)
	}
	return m
}

// newVectorProject fills a database of a server with the extension vector with users and tables.
func newVectorProject(t *testing.T, url string) {
	t.Helper()
	supabasetest.CreateTables(t, url)
	supabasetest.Fill(t, url, 1, 20)
	dbtest.Exec(t, url, vectors)
}

// The test is not parallel: see dbtest.NewServerWithVector.
func TestVectorsAreMovedIntoATargetWithTheExtension(t *testing.T) {
	server := dbtest.NewServerWithVector(t)
	from, to := server.URL("postgres"), server.URL("target")
	newVectorProject(t, from)
	dbtest.Exec(t, from, "CREATE DATABASE target TEMPLATE template0")
	if _, err := migrations.Up(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	m := importFrom(t, from, to)
	before := objects(t, to)
	if result := move(t, m, tables.Options{}); len(result.Problems()) > 0 || result.Rows() != 31 {
		t.Errorf("the move: got %d rows and the problems %q, want 31 rows and none", result.Rows(), result.Problems())
	}
	checkVerified(t, m)
	for what, sql := range map[string]string{
		"rows":    "SELECT embedding || ' ' || small::text FROM documents ORDER BY id",
		"indexes": "SELECT indexdef FROM pg_indexes WHERE tablename = 'documents' ORDER BY 1",
		"types": `SELECT format_type(atttypid, atttypmod) FROM pg_attribute
			WHERE attrelid = 'public.documents'::regclass AND attnum > 0 ORDER BY attnum`,
		"nearest documents": "SELECT id::text FROM match_documents('[12.2,5,0]', 4) id",
	} {
		want, got := importtest.Column(t, from, sql), importtest.Column(t, to, sql)
		if diff := cmp.Diff(want, got); diff != "" || len(got) < 3 {
			t.Errorf("%s: got %d, want at least 3 (-source +target):\n%s", what, len(got), diff)
		}
	}
	if kept := keptByRollback(t, m); len(kept) > 0 {
		t.Errorf("kept objects: got %q, want none", kept)
	}
	if diff := cmp.Diff(before, objects(t, to)); diff != "" {
		t.Errorf("objects of the target after the rollback (-before the move +now):\n%s", diff)
	}
}

// The plan names the extension, the move is refused before it changes anything and says what to do, and without the
// table that needs it, everything else is moved.
func TestVectorsAndATargetWithoutTheExtension(t *testing.T) {
	to := dbtest.NewWithoutExtensions(t, "vector")
	from := dbtest.NewServerWithVector(t).URL("postgres")
	newVectorProject(t, from)
	m := importtest.ImportBetween(from, to)
	p, err := m.Plan(t.Context(), importer.Options{MFA: "allow", Profiles: "none"})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.OtherTables.Extensions, func(e inventory.Extension) bool { return e.Name == "vector" })
	if i < 0 || p.OtherTables.Extensions[i].Target != inventory.Missing {
		t.Fatalf("the plan says of the extensions: got %+v, want vector as missing", p.OtherTables.Extensions)
	}
	want := "stays: the target does not offer it. Tables with its types stop the move, and other objects are left out"
	if got := p.OtherTables.Extensions[i].Next; got != want {
		t.Errorf("the plan says of vector: got %q, want %q", got, want)
	}
	m = importFrom(t, from, to)
	checkRefused(t, m, tables.Options{}, installedPgDumps(t),
		`table public.documents: type "extensions.vector" does not exist`,
		"The target does not offer these extensions of the source: vector.", "leave the table behind with --exclude")
	before := objects(t, to)
	result := move(t, m, tables.Options{Exclude: []string{"public.documents"}})
	problems := []string{"FUNCTION public.match_documents(extensions.vector, integer) was left out: " +
		"type extensions.vector does not exist"}
	if diff := cmp.Diff(problems, result.Problems()); diff != "" || result.Rows() != 1 {
		t.Errorf("the move without the table: got %d rows, want 1; problems (-want +got):\n%s", result.Rows(), diff)
	}
	checkVerified(t, m)
	if kept := keptByRollback(t, m); len(kept) > 0 {
		t.Errorf("kept objects: got %q, want none", kept)
	}
	if diff := cmp.Diff(before, objects(t, to)); diff != "" {
		t.Errorf("objects of the target after the rollback (-before the move +now):\n%s", diff)
	}
}

// A server that really lacks citext and pg_trgm: the move needs citext for a column, and pg_trgm only for an index.
func TestTargetIsAServerWithoutTheExtensionsOfPostgres(t *testing.T) {
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 1, 20)
	dbtest.Exec(t, from, `drop table public.profiles; create schema extensions;
		create extension citext with schema extensions; create extension pg_trgm with schema extensions;
		create table names (name extensions.citext primary key); insert into names values ('Ann');
		create table notes (id int primary key, body text); insert into notes values (1, 'a note');
		create index notes_body on notes using gin (body extensions.gin_trgm_ops)`)
	pgDumps := installedPgDumps(t) // of the source
	to := dbtest.NewServerWithVector(t).URL("postgres")
	if _, err := migrations.Up(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	m := importFrom(t, from, to)
	checkRefused(t, m, tables.Options{}, pgDumps, `table public.names: type "extensions.citext" does not exist`,
		"The target does not offer these extensions of the source: citext, pg_trgm.")
	result, err := tables.Run(t.Context(), m.Env(), "supabase", tables.Options{Exclude: []string{"names"}}, pgDumps, 0)
	if err != nil {
		t.Fatal(err)
	}
	problems := []string{
		`INDEX public.notes_body was left out: operator class "extensions.gin_trgm_ops" does not exist for access method ` +
			`"gin"`,
	}
	if diff := cmp.Diff(problems, result.Problems()); diff != "" || result.Rows() != 1 {
		t.Errorf("the move without the table: got %d rows, want 1; problems (-want +got):\n%s", result.Rows(), diff)
	}
}
