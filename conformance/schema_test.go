package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
)

// schemaRecording is the file with the tables that Better Auth's own migration creates. With it the comparison needs no
// Node.
const schemaRecording = "recorded/schema.json"

// schema describes the tables of a database, from its catalog.
type schema struct {
	BetterAuth string           `json:"betterAuth"` // the version of Better Auth
	Tables     map[string]table `json:"tables"`
}

type table struct {
	Columns     map[string]column `json:"columns"`
	Constraints map[string]string `json:"constraints"` // name: definition from pg_get_constraintdef
	Indexes     map[string]string `json:"indexes"`     // name: definition from pg_indexes
}

type column struct {
	Type      string `json:"type"`
	Collation string `json:"collation,omitempty"` // if it is not the default of the type
	Nullable  bool   `json:"nullable"`
	Default   string `json:"default,omitempty"` // the default, and the kind of an identity or a generated column
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := openConnection(t, url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// openConnection opens a connection, which ends with the test.
func openConnection(t *testing.T, url string) (*pgx.Conn, error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
	}
	return conn, err
}

// readSchema reads the tables of the schema public from the catalog.
func readSchema(t *testing.T, url string) schema {
	t.Helper()
	conn := connect(t, url)
	s := schema{BetterAuth: migrations.BetterAuthVersion, Tables: map[string]table{}}
	queryTableTexts(t, conn, `
		SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) || '|' ||
			CASE WHEN a.attcollation <> y.typcollation THEN o.collname ELSE '' END || '|' ||
			a.attnotnull::text || '|' ||
			concat_ws(' ', pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity, ''), nullif(a.attgenerated, ''))
		FROM pg_attribute a
		JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
		JOIN pg_type y ON y.oid = a.atttypid
		LEFT JOIN pg_collation o ON o.oid = a.attcollation
		LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attnum > 0 AND NOT a.attisdropped`,
		func(tableName, name, text string) {
			part := strings.SplitN(text, "|", 4)
			if _, ok := s.Tables[tableName]; !ok {
				s.Tables[tableName] = table{map[string]column{}, map[string]string{}, map[string]string{}}
			}
			s.Tables[tableName].Columns[name] = column{part[0], part[1], part[2] == "false", part[3]}
		})
	// Leaves out NOT NULL, which Postgres 18 also lists as a constraint: the columns already have it.
	queryTableTexts(t, conn, `
		SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND c.relnamespace = 'public'::regnamespace
		WHERE k.contype <> 'n'`,
		func(tableName, name, text string) { s.Tables[tableName].Constraints[name] = text })
	queryTableTexts(t, conn, `
		SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'`,
		func(tableName, name, text string) { s.Tables[tableName].Indexes[name] = text })
	return s
}

// queryTableTexts calls each for every row of a query, whose columns are a table, a name in it and a text.
func queryTableTexts(t *testing.T, conn *pgx.Conn, sql string, each func(table, name, text string)) {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	var table, name, text string
	if _, err = pgx.ForEachRow(rows, []any{&table, &name, &text}, func() error {
		each(table, name, text)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// schemaDifferences lists the differences that would break Better Auth. It allows additions that Better Auth ignores:
// other tables, columns that are nullable or have a default, indexes that are not unique, and the index
// uniqueAccountIndexSQL.
func schemaDifferences(betterAuth, xenon schema) []string {
	var all []string
	report := func(where, name string, want, got any) {
		all = append(all, fmt.Sprintf("%s %s: Better Auth has %+v, Xenon has %+v", where, name, want, got))
	}
	for _, name := range slices.Sorted(maps.Keys(betterAuth.Tables)) {
		want := betterAuth.Tables[name]
		got, ok := xenon.Tables[name]
		if !ok {
			report("table", name, "it", "none")
			continue
		}
		compareMaps(want.Columns, got.Columns, func(c string, w, g optional[column]) {
			if w.isPresent || !g.value.Nullable && g.value.Default == "" {
				report("column", name+"."+c, w, g)
			}
		})
		compareMaps(want.Constraints, got.Constraints, func(constraint string, w, g optional[string]) {
			report("constraint of "+name, constraint, w, g)
		})
		compareMaps(want.Indexes, got.Indexes, func(index string, w, g optional[string]) {
			if w.isPresent || strings.HasPrefix(g.value, "CREATE UNIQUE") && g.value != uniqueAccountIndexSQL {
				report("index of "+name, index, w, g)
			}
		})
	}
	return all
}

// uniqueAccountIndexSQL is a unique index that only Xenon creates. Better Auth stores a provider account twice only by
// mistake, and then cannot use it.
const uniqueAccountIndexSQL = `CREATE UNIQUE INDEX account_provider_idx ON public.account ` +
	`USING btree ("providerId", "accountId") WHERE ("providerId" <> 'credential'::text)`

// optional is a value that may be absent.
type optional[T any] struct {
	value     T
	isPresent bool
}

func (m optional[T]) String() string {
	if !m.isPresent {
		return "none"
	}
	return fmt.Sprintf("%+v", m.value)
}

// compareMaps calls differ for every name whose values differ, or that only one of the maps has.
func compareMaps[T comparable](want, got map[string]T, differ func(name string, want, got optional[T])) {
	names := maps.Clone(want)
	maps.Copy(names, got)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		w, inWant := want[name]
		g, inGot := got[name]
		if w != g || inWant != inGot {
			differ(name, optional[T]{w, inWant}, optional[T]{g, inGot})
		}
	}
}

func readRecordedSchema(t *testing.T) schema {
	t.Helper()
	text, err := os.ReadFile(schemaRecording)
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// Xenon's migrations create the tables that Better Auth expects. With other tables Better Auth rejects every request.
func TestSchemaMatchesRecording(t *testing.T) {
	t.Parallel()
	recorded := readRecordedSchema(t)
	if got, want := recorded.BetterAuth, migrations.BetterAuthVersion; got != want {
		t.Errorf("the version of Better Auth in %s: got %s, want %s, the version of the migrations",
			schemaRecording, got, want)
	}
	for _, d := range schemaDifferences(recorded, readSchema(t, dbtest.New(t))) {
		t.Error(d)
	}
}

// The comparison reports changes that would break Better Auth. It does not report additions that Better Auth ignores.
func TestSchemaDifferencesAreReported(t *testing.T) {
	t.Parallel()
	betterAuth := readRecordedSchema(t)
	for _, test := range []struct{ change, want string }{
		{`DROP TABLE "rateLimit"`, "table rateLimit"},
		{`ALTER TABLE session DROP COLUMN "userAgent"`, "column session.userAgent"},
		{`ALTER TABLE session RENAME "userAgent" TO useragent`, "column session.userAgent"},
		{`ALTER TABLE "user" ALTER name TYPE varchar(255)`, "column user.name"},
		{`ALTER TABLE "user" ALTER email TYPE text COLLATE "POSIX"`, "column user.email"},
		{`ALTER TABLE "user" ALTER image SET NOT NULL`, "column user.image"},
		{`ALTER TABLE "user" ALTER name DROP NOT NULL`, "column user.name"},
		{`ALTER TABLE "user" ALTER "createdAt" DROP DEFAULT`, "column user.createdAt"},
		{`ALTER TABLE account ALTER id DROP DEFAULT`, "column account.id"},
		{`ALTER TABLE account ADD issuer text NOT NULL`, "column account.issuer"},
		{`ALTER TABLE "user" DROP CONSTRAINT user_email_key`, "constraint of user user_email_key"},
		{
			`ALTER TABLE session RENAME CONSTRAINT session_token_key TO session_token`,
			"constraint of session session_token_key",
		},
		{
			`ALTER TABLE account DROP CONSTRAINT "account_userId_fkey",
			ADD CONSTRAINT "account_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user" (id)`,
			"constraint of account account_userId_fkey",
		},
		{`ALTER TABLE "user" ADD CHECK (name <> '')`, "constraint of user user_name_check"},
		{`DROP INDEX verification_identifier_idx`, "index of verification verification_identifier_idx"},
		{
			`DROP INDEX "session_userId_idx"; CREATE INDEX "session_userId_idx" ON session ("userId", token)`,
			"index of session session_userId_idx",
		},
		{`CREATE UNIQUE INDEX one_account ON account ("providerId", "accountId")`, "index of account one_account"},

		{`ALTER TABLE "user" ADD nickname text`, ""},
		{`ALTER TABLE "user" ADD nickname text NOT NULL DEFAULT 'user'`, ""},
		{`CREATE INDEX by_expiry ON session ("expiresAt")`, ""},
		{`CREATE TABLE other (x text NOT NULL)`, ""},
	} {
		t.Run(test.change, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t)
			if _, err := connect(t, url).Exec(t.Context(), test.change); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range schemaDifferences(betterAuth, readSchema(t, url)) {
				what, _, _ := strings.Cut(d, ": ")
				got = append(got, what)
			}
			if test.want == "" && len(got) > 0 || test.want != "" && !slices.Contains(got, test.want) {
				t.Errorf("the reported differences: got %q, want %q in them (\"\": none)", got, test.want)
			}
		})
	}
}

// Xenon's queries rely on these indexes.
func TestSchemaHasAnIndexForEveryLookUp(t *testing.T) {
	t.Parallel()
	xenon := readSchema(t, dbtest.New(t))
	var got []string
	for _, name := range []string{
		"user", "session", "account", "verification", "rateLimit", "jwks", "user_profile", "twoFactor",
	} {
		for _, definition := range xenon.Tables[name].Indexes {
			_, columns, _ := strings.Cut(definition, " USING btree ")
			if columns != "(id)" {
				got = append(got, name+" "+columns)
			}
		}
	}
	slices.Sort(got)
	want := []string{
		`account ("providerId", "accountId") WHERE ("providerId" <> 'credential'::text)`, `account ("userId")`,
		`rateLimit (key)`, `session ("userId")`, `session (token)`, `twoFactor ("userId")`, `twoFactor (secret)`,
		`user ("createdAt")`, `user ("createdAt") WHERE (NOT "emailVerified")`,
		`user ("createdAt") WHERE (role ~~ '%admin%'::text)`, `user ("createdAt") WHERE banned`,
		`user ("left"(name, 256) text_pattern_ops)`, `user ("left"(name, 256))`,
		`user (email text_pattern_ops)`, `user (email)`,
		`user_profile (user_id)`, `verification ("expiresAt")`, `verification ("left"(value, 36))`,
		`verification (identifier)`,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("indexes that are not on id alone (-got +want):\n%s", diff)
	}
}
