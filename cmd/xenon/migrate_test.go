package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/importer"
	importreport "github.com/xenon-auth/xenon/shared/importer/report"
	"github.com/xenon-auth/xenon/shared/keys"
)

const (
	somewhere  = "postgres://u:hunter2@127.0.0.1:1/db"
	neonPooler = "postgres://u:hunter2@ep-cool-1234-pooler.eu-central-1.aws.neon.tech/neondb"
)

// Every command reads database URLs by one rule: it says which parameters it ignores, and names those it does not know.
func TestCommandsReadDatabaseURLsByOneRule(t *testing.T) {
	t.Parallel()
	address := dbtest.New(t)
	with := func(query string) string {
		if strings.Contains(address, "?") {
			return address + "&" + query
		}
		return address + "?" + query
	}
	for _, args := range [][]string{
		{"schema", "status"},
		{"schema", "up"},
		{"migrate", "report", "--from", with("pgbouncer=true"), "--to", with("pgbouncer=true&schema=public")},
	} {
		code, _, said := xenon(t, args, "DIRECT_DATABASE_URL", with("pgbouncer=true&schema=public"))
		if !strings.Contains(said, "are ignored: pgbouncer, schema") || args[0] == "schema" && code != 0 {
			t.Errorf("%v: got %d\n%s", args, code, said)
		}
	}
	for _, args := range [][]string{
		{"schema", "status"}, {"schema", "up"}, {"migrate", "plan", "--from", somewhere + "?frob=1", "--to", somewhere},
	} {
		code, _, said := xenon(t, args, "DIRECT_DATABASE_URL", somewhere+"?frob=1", "DATABASE_URL", somewhere+"?frob=1")
		if code == 0 || !strings.Contains(said, "unknown here: frob") || strings.Contains(said, "hunter2") {
			t.Errorf("%v: got %d\n%s", args, code, said)
		}
	}
}

func TestMigrateWrongUse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"plan"}, "FROM_DATABASE_URL: is missing"},
		{[]string{"plan", "--from", somewhere}, "TO_DATABASE_URL: is missing"},
		{[]string{"run", "--from", "mysql://u:hunter2@h/db", "--to", somewhere}, "FROM_DATABASE_URL: is not of the form"},
		{
			[]string{"run", "--from", somewhere, "--to", neonPooler},
			"--to: ep-cool-1234-pooler.eu-central-1.aws.neon.tech is Neon's pooler",
		},
		{
			[]string{
				"verify", "--from", "postgres://u:hunter2@aws-0-eu-central-1.pooler.supabase.com:6543/postgres", "--to",
				somewhere,
			},
			"--from: port 6543",
		},
		{
			[]string{"report", "--from", "postgres://u:hunter2@db.abc.supabase.co/postgres?sslmode=disable", "--to", somewhere},
			"sslmode=disable",
		},
		{
			[]string{"run", "--from", somewhere, "--to", somewhere, "--provider", "acme"},
			`--provider "acme" is not of the form FROM=TO`,
		},
		{
			[]string{"run", "--from", somewhere, "--to", somewhere, "--profile-value", "age_range=x"},
			"is not of the form FIELD:OLD=NEW",
		},
		{[]string{"run", "--unconfirmed", "perhaps"}, "--unconfirmed must be one of"},
		{[]string{"run", "--concurrency=-1"}, "--concurrency and --batch-size"},
		{[]string{"rollback", "--to", somewhere}, "say --yes"},
		{[]string{"finalize", "--to", somewhere}, "confirm with --yes"},
		{[]string{"rollback", "--to", somewhere, "--yes", "--cascade"}, "it needs --force, too"},
		{[]string{"rollback"}, "TO_DATABASE_URL: is missing"},
		{[]string{"rollback", "--yes", "--to", neonPooler}, "--to: ep-cool"},
	} {
		code, out, said := xenon(t, append([]string{"migrate"}, c.args...))
		if code != exitUsage || !strings.Contains(said, c.want) || out != "" || strings.Contains(said, "hunter2") {
			t.Errorf("%v: got %d\n%s%s", c.args, code, out, said)
		}
	}
	code, _, said := xenon(t, []string{"migrate", "plan"}, "FROM_DATABASE_URL", somewhere, "TO_DATABASE_URL", neonPooler)
	if code != exitUsage || !strings.Contains(said, "Neon's pooler") || strings.Contains(said, "hunter2") {
		t.Errorf("by variables: got %d\n%s", code, said)
	}
}

func TestMigrateChoices(t *testing.T) {
	t.Parallel()
	c := choiceFlags{
		BatchSize: 10, Unconfirmed: "allow", MFA: "hold", Provider: []string{"custom:acme=acme", "azure=oid"},
		ProfileValue: []string{"age_range:35_44=35_plus", "age_range:45_plus=35_plus", "primary_goal:a b=it's"},
	}
	o, err := c.options("autumn")
	if err != nil || len(o.Providers) != 2 || o.Providers["custom:acme"] != "acme" ||
		o.ProfileValues["age_range"]["45_plus"] != "35_plus" ||
		o.ProfileValues["primary_goal"]["a b"] != "it's" {
		t.Errorf("got %+v, %v", o, err)
	}
	want := "xenon migrate run --run autumn --batch-size 10 --unconfirmed allow --mfa hold --provider custom:acme=acme " +
		"--provider azure=oid " +
		`--profile-value age_range:35_44=35_plus --profile-value age_range:45_plus=35_plus --profile-value ` +
		`'primary_goal:a b=it'\''s'`
	if got := c.again("run", "autumn"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// imported is a source of the given number of users, an empty target, and the settings that name them.
func imported(t *testing.T, users int) (census supabasetest.Census, target string, env []string) {
	t.Helper()
	from, to := supabasetest.New(t), dbtest.New(t)
	census = supabasetest.Fill(t, from, 7, users)
	return census, to, []string{
		"FROM_DATABASE_URL",
		from,
		"TO_DATABASE_URL",
		to,
		"SIGNING_KEYS_FILE",
		filepath.Join(t.TempDir(), "keys.json"),
	}
}

func numberOf(t *testing.T, url, query string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const (
	usersThere  = `select count(*) from "user"`
	ledgerThere = `select count(*) from pg_namespace where nspname = 'supabase_import'`
)

func TestMigratePlanWritesNothing(t *testing.T) {
	t.Parallel()
	_, target, env := imported(t, 300)
	for _, s := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"plan"}, exitPerson, []string{
			"The run may not start",
			"second factors cannot be carried over: say --mfa hold",
		}},
		{[]string{"plan", "--mfa", "allow", "--batch-size", "100"}, exitDone, []string{
			"users                    300", "in    3 batches of 100 users", "soft_deleted", "bcrypt", "auth.sessions",
			"Nothing was written. Next:\n  xenon migrate run --batch-size 100 --mfa allow",
		}},
		{[]string{"run", "--dry-run", "--mfa", "hold"}, exitDone, []string{"What will become of every row", "mfa_held"}},
		{[]string{"plan", "--mfa", "allow", "--json"}, exitDone, []string{`"expected":{`}},
		{[]string{"plan", "--json"}, exitPerson, []string{`"refusals":["`}},
	} {
		code, out, said := xenon(t, append([]string{"migrate"}, s.args...), env...)
		if code != s.code {
			t.Errorf("%v: got %d, want %d\n%s%s", s.args, code, s.code, out, said)
		}
		for _, want := range s.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s%s", s.args, want, out, said)
			}
		}
		if slices.Contains(s.args, "--json") && !json.Valid([]byte(out)) {
			t.Errorf("%v: no JSON:\n%s", s.args, out)
		}
	}
	if users, ledger := numberOf(t, target, usersThere), numberOf(t, target, ledgerThere); users != 0 || ledger != 0 {
		t.Errorf("planning wrote %d users and %d ledgers", users, ledger)
	}
}

func TestMigrateRun(t *testing.T) {
	t.Parallel()
	_, target, env := imported(t, 300)
	code, out, said := xenon(t, []string{"migrate", "run"}, env...)
	if code != exitFailed || !strings.Contains(said, "say --mfa hold") || out != "" {
		t.Errorf("undecided: got %d\n%s%s", code, out, said)
	}
	code, out, said = xenon(t, []string{"migrate", "run", "--mfa", "allow", "--batch-size", "100"}, env...)
	if code != exitPerson || strings.Count(said, "copy: pass 1, batch ") != 3 || strings.Contains(said, "\r") ||
		!strings.Contains(said, "entries for a person to look at") {
		t.Errorf("run: got %d\n%s", code, said)
	}
	for _, want := range []string{
		`Run "supabase" is complete: pass 1, 3 of 3 batches done.`,
		"users                    300", "email_conflict", "Next:\n  xenon migrate verify",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("run: no %q in\n%s", want, out)
		}
	}
	first := numberOf(t, target, usersThere)
	var status importer.Status
	code, out, said = xenon(t, []string{"migrate", "run", "--json"}, env...)
	if err := json.Unmarshal(
		[]byte(out),
		&status,
	); code != exitPerson || err != nil || status.Pass != 2 ||
		status.State != "complete" {
		t.Errorf("again: got %d, %v\n%s%s", code, err, out, said)
	}
	if again := numberOf(t, target, usersThere); again != first || first < 250 {
		t.Errorf("%d users after the first run, %d after the second", first, again)
	}
	code, _, said = xenon(t, []string{"migrate", "run", "--mfa", "hold"}, env...)
	if code != exitFailed || !strings.Contains(said, "began with mfa allow") {
		t.Errorf("another choice: got %d\n%s", code, said)
	}
}

// stopper is a person who presses Ctrl-C when the first batch is done.
type stopper struct {
	bytes.Buffer
	stop func()
}

func (s *stopper) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("copy: ")) {
		s.stop()
	}
	return s.Buffer.Write(b)
}

func TestMigrateRunStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	_, target, env := imported(t, 300)
	settings := map[string]string{}
	for i := 0; i < len(env); i += 2 {
		settings[env[i]] = env[i+1]
	}
	ctx, stop := context.WithCancel(t.Context())
	said := &stopper{stop: stop}
	args := []string{"migrate", "run", "--mfa", "allow", "--batch-size", "10", "--concurrency", "1"}
	code := run(ctx, args, func(name string) string { return settings[name] }, streams{nil, &said.Buffer, said})
	if code != exitFailed ||
		!strings.Contains(
			said.String(),
			"xenon: stopped\n  What was finished is kept. The same command goes on where this one stopped.",
		) {
		t.Errorf("stopped: got %d\n%s", code, said)
	}
	if n := numberOf(t, target, usersThere); n == 0 || n > 100 {
		t.Errorf("%d users after the first batches of ten", n)
	}
	code, out, rest := xenon(t, args, env...)
	if code != exitPerson || !strings.Contains(out, "30 of 30 batches done") || strings.Contains(rest, "batch 0,") ||
		!strings.Contains(rest, "pass 1, batch 29,") {
		t.Errorf("going on: got %d\n%s%s", code, out, rest)
	}
}

func TestMigrateVerifyReportRollback(t *testing.T) {
	t.Parallel()
	census, target, env := imported(t, 300)
	set, err := keys.Generate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.SaveFile(env[5], set); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	page, file, sql := filepath.Join(dir, "r.html"), filepath.Join(dir, "r.json"), filepath.Join(dir, "back.sql")
	person := census.People[slices.IndexFunc(census.People, func(p supabasetest.Person) bool { return p.SignsIn })]
	touch := func() {
		conn, err := pgx.Connect(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		if _, err := conn.Exec(t.Context(), `update "user" set name = 'Another name' where id = $1`, person.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []struct {
		does string
		args []string
		code int
		want string
		then func()
	}{
		{"nothing to verify", []string{"verify"}, exitFailed, "no such run", nil},
		{"nothing to report", []string{"report"}, exitFailed, "xenon migrate run starts one", nil},
		{"run", []string{"run", "--mfa", "allow", "--batch-size", "100"}, exitPerson, "is complete", nil},
		{"report unverified", []string{"report"}, exitDone, "Copied, not verified", nil},
		{"verify", []string{"verify"}, exitDone, "Everything copied is equal to the source", nil},
		{"verify for machines", []string{"verify", "--json"}, exitDone, `"equal":true`, nil},
		{"report", []string{"report", "--html", page, "--out", file}, exitDone, "sha256:", nil},
		{"check", []string{"report", "--check", file}, exitDone, "valid: the report of run \"supabase\"", touch},
		{"verify what was touched", []string{"verify"}, exitPerson, "Running again leaves them alone", nil},
		{"would roll back", []string{"rollback", "--dry-run"}, exitPerson, person.ID, nil},
		{
			"return to source, and rollback",
			[]string{"rollback", "--yes", "--return-to-source", sql},
			exitPerson,
			"user removed", nil,
		},
		{"no file twice", []string{"rollback", "--yes", "--return-to-source", sql}, exitFailed, "is there already", nil},
		{"by force", []string{"rollback", "--yes", "--force"}, exitDone, "user removed", nil},
		{"report of it", []string{"report"}, exitDone, "Rolled back", nil},
	} {
		code, out, said := xenon(t, append([]string{"migrate"}, s.args...), env...)
		if code != s.code || !strings.Contains(out+said, s.want) {
			t.Fatalf("%s: got %d, want %d and %q\n%s%s", s.does, code, s.code, s.want, out, said)
		}
		if s.then != nil {
			s.then()
		}
	}
	if n := numberOf(t, target, usersThere); n != 0 {
		t.Errorf("%d users are left", n)
	}
	if info, err := os.Stat(sql); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the return SQL: %v, %v", info, err)
	}
}

// signedReport writes a signed report of a run that does not exist, and returns the paths of the report and of its
// keys.
func signedReport(t *testing.T) (file, keyFile string) {
	t.Helper()
	dir := t.TempDir()
	file, keyFile = filepath.Join(dir, "report.json"), filepath.Join(dir, "keys.json")
	set, err := keys.Generate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.SaveFile(keyFile, set); err != nil {
		t.Fatal(err)
	}
	report := importreport.Report{Status: importer.Status{Run: "autumn"}}
	signed, err := sign(t.Context(), report, config.Keys{SigningKeysFile: keyFile})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, signed.JSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, keyFile
}

func TestR58_CheckOfAReport(t *testing.T) {
	t.Parallel()
	file, keyFile := signedReport(t)
	_, others := signedReport(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	altered := filepath.Join(t.TempDir(), "altered.json")
	if err := os.WriteFile(altered, bytes.Replace(text, []byte("autumn"), []byte("spring"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	jwks := filepath.Join(t.TempDir(), "jwks.json")
	public, err := migrateReportCmd{}.jwks(
		t.Context(),
		func(name string) string { return map[string]string{"SIGNING_KEYS_FILE": keyFile}[name] },
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(jwks, public, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		keys string
		code int
		want string
	}{
		{"own keys", []string{file}, keyFile, exitDone, `valid: the report of run "autumn"`},
		{"a JWKS", []string{file, "--jwks", jwks}, others, exitDone, "valid: "},
		{"JSON", []string{file, "--json"}, keyFile, exitDone, `{"verdict":"valid","run":"autumn"`},
		{"altered", []string{altered}, keyFile, exitFailed, "altered: the digest is not that of the report"},
		{"altered, JSON", []string{altered, "--json"}, keyFile, exitFailed, `{"verdict":"altered"`},
		{"unknown key", []string{file}, others, exitFailed, "Nothing can be said about it with these keys"},
		{"unknown key, JSON", []string{file, "--json"}, others, exitFailed, `{"verdict":"unknown key"`},
		{"no keys", []string{file}, filepath.Join(t.TempDir(), "none"), exitFailed, "--jwks takes the public keys"},
		{"no file", []string{file + "x"}, keyFile, exitFailed, "no such file"},
	} {
		code, out, said := xenon(t, append([]string{"migrate", "report", "--check"}, c.args...), "SIGNING_KEYS_FILE", c.keys)
		if code != c.code || !strings.Contains(out+said, c.want) {
			t.Errorf("%s: got %d\n%s%s", c.name, code, out, said)
		}
	}
}

// A file is written whole or not at all, and no existing file is overwritten.
func TestMigrateWayBackIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	_, _, env := imported(t, 0)
	file := filepath.Join(t.TempDir(), "back.sql")
	code, _, said := xenon(t, []string{"migrate", "rollback", "--yes", "--return-to-source", file}, env...)
	if _, err := os.Stat(file); code != exitFailed || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a run: got %d, %v\n%s", code, err, said)
	}
}

// A finalized run copies nothing, so neither verify nor a later plan names another pass of it.
func TestMigrateVerifyAfterFinalizeNamesNoPass(t *testing.T) {
	t.Parallel()
	_, target, env := imported(t, 60)
	for _, s := range []struct {
		args    []string
		code    int
		want    string
		without string
	}{
		{[]string{"run", "--mfa", "allow"}, exitPerson, "is complete", "finalized"},
		{
			[]string{"plan", "--mfa", "allow", "--run", "two"},
			exitDone, "have an id that a user of the target has",
			"may not start",
		},
		{[]string{"finalize", "--yes"}, exitDone, "is finalized", "copies"},
		{[]string{"verify"}, exitPerson, "The run is finalized: it copies nothing any more", "xenon migrate run"},
	} {
		if s.args[0] == "verify" {
			change(t, target, `update "user" set name = 'Another name' where id = (select min(id::text)::uuid from "user")`)
		}
		code, out, said := xenon(t, append([]string{"migrate"}, s.args...), env...)
		text := strings.Join(strings.Fields(out+said), " ")
		if code != s.code || !strings.Contains(text, s.want) || strings.Contains(text, s.without) {
			t.Errorf("%v: got %d, want %d, %q and not %q\n%s%s", s.args, code, s.code, s.want, s.without, out, said)
		}
	}
}

// change does something to a database.
func change(t *testing.T, url, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.PgConn().Exec(t.Context(), statements).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// The target has tables of its own that refer to users. An import deletes none of their rows unless the operator allows
// it, and lists each user it keeps for that reason, with the names of the tables.
func TestMigrateKeepsRowsOfOtherTables(t *testing.T) {
	t.Parallel()
	_, target, env := imported(t, 300)
	source := env[1]
	if code, out, said := xenon(
		t,
		[]string{"migrate", "run", "--mfa", "allow", "--batch-size", "100"},
		env...); code != exitPerson {
		t.Fatalf("run: got %d\n%s%s", code, out, said)
	}
	const first = `(select min(id::text)::uuid from "user")`
	change(
		t,
		target,
		`create table orders (id int primary key generated always as identity, buyer uuid not null references "user"
			on delete cascade);
create table order_items (order_id int references orders on delete cascade);
  create table audit (actor uuid references "user" on delete set null);
insert into orders (buyer) select `+first+` from generate_series(1, 300); insert into order_items select id from orders;
	insert into audit select `+first,
	)
	var id string
	conn, err := pgx.Connect(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), "select "+first+"::text").Scan(&id); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	change(t, source, `delete from public.profiles where user_id = '`+id+`'; delete from auth.users where id = '`+id+`'`)
	held := id + "  public.audit: 1, public.orders: 300"
	const orders, items, audit = "select count(*) from orders", "select count(*) from order_items",
		"select count(actor) from audit"
	for _, s := range []struct {
		args   []string
		code   int
		want   []string
		orders int
	}{
		{[]string{"plan", "--mfa", "allow"}, exitDone, []string{
			"public.orders (buyer) → public.\"user\": when that is deleted, the row is deleted, too",
			"public.order_items (order_id) → public.orders",
			"public.audit (actor) → public.\"user\": when that is deleted, the reference is set to NULL",
		}, 300},
		{[]string{"run"}, exitPerson, []string{"user removed_at_source", "3 of 3 batches done"}, 300},
		{
			[]string{"verify"},
			exitDone,
			[]string{"Gone from the source, and still here", held, "Everything copied is equal"},
			300,
		},
		{[]string{"rollback", "--dry-run"}, exitPerson, []string{
			"user would go", held,
			"users would stay: rows of other tables refer to them", "--force --cascade takes",
		}, 300},
		{
			[]string{"rollback", "--force", "--yes"},
			exitPerson,
			[]string{"user removed", held, "300  rows of public.orders keep users"},
			300,
		},
		{
			[]string{"rollback", "--force", "--cascade", "--dry-run"},
			exitDone,
			[]string{
				"300  rows of public.orders would go", "300  rows of public.order_items would go",
				"1  rows of public.audit would lose",
			},
			300,
		},
		{[]string{"rollback", "--force", "--cascade", "--yes"}, exitDone, []string{
			"300  rows of public.orders would go", "300  rows of public.orders removed, kept in the quarantine",
			"1  rows of public.audit lost the reference",
		}, 0},
	} {
		code, out, said := xenon(t, append([]string{"migrate"}, s.args...), env...)
		if code != s.code {
			t.Errorf("%v: got %d, want %d\n%s%s", s.args, code, s.code, out, said)
		}
		for _, want := range s.want {
			if !strings.Contains(out+said, want) {
				t.Errorf("%v: no %q in\n%s%s", s.args, want, out, said)
			}
		}
		if n := numberOf(
			t,
			target,
			orders,
		); n != s.orders || numberOf(t, target, items) != s.orders ||
			numberOf(t, target, audit) != min(1, s.orders) {
			t.Errorf(
				"%v: %d orders, %d items, %d entries with an actor, want %d",
				s.args,
				n,
				numberOf(t, target, items),
				numberOf(t, target, audit),
				s.orders,
			)
		}
	}
	if n := numberOf(
		t,
		target,
		`select count(*) from supabase_import.quarantine where reason = 'cascaded' and original is not null`,
	); n != 601 {
		t.Errorf("%d rows of other tables are in the quarantine, want 601", n)
	}
}
