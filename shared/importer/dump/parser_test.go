package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// memorySink keeps the rows of some tables as the text that the parser wrote.
type memorySink struct {
	tables  []string
	columns map[string][]string
	text    map[string]*bytes.Buffer
	rows    map[string]int64
	current string
}

func newMemorySink(tables ...string) *memorySink {
	return &memorySink{
		tables: tables, columns: map[string][]string{}, text: map[string]*bytes.Buffer{}, rows: map[string]int64{},
	}
}

func (s *memorySink) wants(table string) bool {
	for _, t := range s.tables {
		if t == table {
			return true
		}
	}
	return false
}

func (s *memorySink) begin(table string, columns []string, _ map[string]string) (io.Writer, error) {
	s.columns[table], s.current = columns, table
	if s.text[table] == nil {
		s.text[table] = &bytes.Buffer{}
	}
	return s.text[table], nil
}

func (s *memorySink) end(rows int64) error {
	s.rows[s.current] += rows
	return nil
}

func (s *memorySink) textOf(table string) string {
	if s.text[table] == nil {
		return ""
	}
	return s.text[table].String()
}

func TestParserReadsRowsOfBothStatements(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ dump, want string }{
		"COPY": {
			"COPY auth.users (id, email) FROM stdin;\n1\ta@b.c\n2\t\\N\n\\.\n",
			"1\ta@b.c\n2\t\\N\n",
		},
		"COPY with quoted names": {
			`COPY "auth"."users" ("id", "email") FROM stdin;` + "\n1\ta\\\\b\\tc\n\\.\n",
			"1\ta\\\\b\\tc\n",
		},
		"COPY with CRLF":                        {"COPY auth.users (id, email) FROM stdin;\r\n1\ta\r\n\\.\r\n", "1\ta\n"},
		"COPY whose last line has no line feed": {"COPY auth.users (id, email) FROM stdin;\n1\ta\n\\.", "1\ta\n"},
		"COPY with an escaped line feed": {
			"COPY auth.users (id, email) FROM stdin;\n1\ta\\\nb\n\\.\n", "1\ta\\\nb\n",
		},
		"COPY with escaped backslash at the end": {
			"COPY auth.users (id, email) FROM stdin;\n1\ta\\\\\n2\tb\n\\.\n", "1\ta\\\\\n2\tb\n",
		},
		"INSERT with many rows": {
			`INSERT INTO "auth"."users" ("id", "email") VALUES` + "\n\t('1', 'it''s'),\n\t('2', NULL);\n",
			"1\tit's\n2\t\\N\n",
		},
		"INSERT with escapes, casts and numbers": {
			`insert into auth.users (id, email) values (-1.5e3, E'a\nb\'c\\d\u00e9\x41\101'), (true, '{}'::"jsonb"),
			 (DEFAULT, 'x'::character varying(255));`,
			"-1.5e3\ta\\nb'c\\\\déAA\ntrue\t{}\n\\N\tx\n",
		},
		"INSERT with dollar quotes and tabs": {
			"INSERT INTO auth.users (id, email) VALUES ($$1$$, $x$a$b\t\\$x$);", "1\ta$b\\t\\\\\n",
		},
		"INSERT without conflicts": {
			"INSERT INTO auth.users (id, email) OVERRIDING SYSTEM VALUE VALUES ('1', 'a') ON CONFLICT DO NOTHING;", "1\ta\n",
		},
		"INSERT with backslash escapes in all strings": {
			"SET standard_conforming_strings = off;\nINSERT INTO auth.users (id, email) VALUES ('1', 'a\\nb');", "1\ta\\nb\n",
		},
		"INSERT that takes the columns from CREATE TABLE": {
			"CREATE TABLE auth.users (id uuid NOT NULL, email character varying(255), CONSTRAINT x CHECK ((a > ',')));\n" +
				"INSERT INTO auth.users VALUES ('1', 'a');", "1\ta\n",
		},
	} {
		s := newMemorySink("auth.users")
		if err := newParser(strings.NewReader(c.dump), s).parse(); err != nil {
			t.Errorf("%s: got the error %v, want none", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, s.textOf("auth.users")); diff != "" {
			t.Errorf("%s: rows differ (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{"id", "email"}, s.columns["auth.users"]); diff != "" {
			t.Errorf("%s: columns differ (-want +got):\n%s", name, diff)
		}
	}
}

// The text of other statements contains what looks like rows of auth.users.
func TestParserSkipsTextInOtherStatements(t *testing.T) {
	t.Parallel()
	const insert = "INSERT INTO auth.users (id, email) VALUES ('w', 'w');"
	const trap = "COPY auth.users (id, email) FROM stdin;\nwrong\twrong\n\\.\n" + insert
	for name, before := range map[string]string{
		"line comment":          "-- INSERT INTO auth.users (id, email) VALUES ('w', 'w');\n",
		"nested comment":        "/* /* " + trap + " */ ; " + trap + " */",
		"string":                "COMMENT ON TABLE x IS '" + strings.ReplaceAll(trap, "'", "''") + "';",
		"escaped string":        `COMMENT ON TABLE x IS E'\'; ` + strings.ReplaceAll(trap, "'", `\'`) + "';",
		"dollar quote":          "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ " + trap + " $$;",
		"dollar quote with tag": "DO $do$ begin $$; " + trap + " $$; end $do$;",
		"quoted name":           `CREATE VIEW "; ` + strings.ReplaceAll(trap, `"`, `""`) + `" AS SELECT 1;`,
		"body of a SQL function": "CREATE OR REPLACE FUNCTION f() RETURNS void BEGIN ATOMIC " +
			"SELECT CASE WHEN true THEN 1 END; " +
			insert + " END;",
		"rows of another table": "COPY public.posts (a) FROM stdin;\n" + insert + "\n\\.\n",
		"rows in other INSERTs": "INSERT INTO public.posts VALUES ('" + strings.ReplaceAll(trap, "'", "''") + "');",
		"dollar in a name":      "CREATE TABLE a$b$ (c$b$ int); SELECT a$b$ FROM x;",
		"commands of psql":      "\\restrict abc\n\\connect postgres\n\\unrestrict abc\n",
		"rule":                  "CREATE RULE r AS ON INSERT TO x DO (SELECT 1; " + strings.TrimSuffix(insert, ";") + ");",
	} {
		s := newMemorySink("auth.users")
		p := newParser(strings.NewReader(before+"\nINSERT INTO auth.users (id, email) VALUES ('1', 'a');"), s)
		if err := p.parse(); err != nil {
			t.Errorf("%s: got the error %v, want none", name, err)
		}
		if got := s.textOf("auth.users"); got != "1\ta\n" {
			t.Errorf("%s: got the rows %q, want only the row after it", name, got)
		}
	}
}

func TestParserCountsRowsOfOtherTables(t *testing.T) {
	t.Parallel()
	p := newParser(strings.NewReader(`
-- Data for Name: mfa_factors; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
COPY public.posts (a) FROM stdin;
1
2
\.
INSERT INTO public.tags ("a", b) VALUES ('(', (1)), ('x', 2), ('y', 3);
INSERT INTO public.tags ("a", b) VALUES ('z', 4);
COPY auth.users (id) FROM stdin;
1
\.
`), newMemorySink("auth.users", "auth.mfa_factors"))
	if err := p.parse(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int64{"public.posts": 2, "public.tags": 4}, p.skipped); diff != "" {
		t.Errorf("rows of other tables (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{"auth.users": 1}, p.rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if !p.dumped["auth.mfa_factors"] {
		t.Errorf("auth.mfa_factors, whose rows a comment announces: got not dumped, want dumped")
	}
}

func TestParserRefusesWhatIsNotAWholeDump(t *testing.T) {
	t.Parallel()
	const start = "-- PostgreSQL database dump\n"
	for name, c := range map[string]struct{ dump, want string }{
		"rows without an end":      {"COPY auth.users (id) FROM stdin;\n1\n2\n", `after row 2 there is no line "\."`},
		"within a row":             {"COPY auth.users (id) FROM stdin;\n1\n2", `after row 1 there is no line "\."`},
		"after the head of COPY":   {"COPY auth.users (id) FROM stdin;\n", `after row 0 there is no line "\."`},
		"rows of another table":    {"COPY public.posts (id) FROM stdin;\n1\n", `in the rows of public.posts`},
		"open string":              {"INSERT INTO auth.users (id) VALUES ('1'), ('2", "middle of a statement"},
		"within a row of INSERT":   {"INSERT INTO auth.users (id, a) VALUES ('1', ", "middle of a statement"},
		"INSERT without semicolon": {"INSERT INTO auth.users (id) VALUES ('1')", "middle of a statement"},
		"open dollar quote":        {"DO $$ begin $ $", "middle of a statement"},
		"open comment":             {"/* /* */ x", "middle of a statement"},
		"other statement":          {"CREATE TABLE x (a int", "middle of a statement"},
		"between statements":       {start + "SELECT 1;\n", "the last line of a dump is missing"},
		"no RESET ALL":             {"SET session_replication_role = replica;\nSELECT 1;\n", "RESET ALL"},
		"no SQL":                   {"Hello, world: this is a letter.\n", "line 1 is not an SQL statement"},
		"rows without their COPY":  {"1\ta\n2\tb\n\\.\n", "line 1 is not an SQL statement"},
		"too few values":           {"INSERT INTO auth.users (id, a) VALUES ('1');", "1 values for 2 columns"},
		"no column names":          {"INSERT INTO auth.users VALUES ('1');", "--column-inserts"},
		"expression":               {"INSERT INTO auth.users (id) VALUES (now());", "a value is not a constant"},
		"query":                    {"INSERT INTO auth.users (id) SELECT 1;", "no list of VALUES"},
		"COPY from a file":         {"COPY auth.users (id) FROM '$$PATH$$/3456.dat';", "in another file"},
		"COPY with options":        {"COPY auth.users (id) FROM stdin WITH (FORMAT csv);\n1\n\\.\n", "has options"},
		"another encoding":         {"SET client_encoding = 'LATIN1';", "--encoding=UTF8"},
		"zero byte":                {"SELECT 1;\n\x00", "zero byte"},
		"users of two databases": {
			"\\connect a\nCOPY auth.users (id) FROM stdin;\n1\n\\.\n\\connect b\nCOPY auth.users (id) FROM stdin;\n2\n\\.\n",
			"two databases",
		},
	} {
		err := newParser(strings.NewReader(c.dump), newMemorySink("auth.users")).parse()
		if !errors.Is(err, run.ErrRefused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want a refusal with %q", name, err, c.want)
		}
	}
}

// bigDump returns the text of a dump with one COPY line or one string of n bytes for each table, without keeping it in
// memory.
func bigDump(n int64) io.Reader {
	value := func() io.Reader { return io.LimitReader(repeated('x'), n) }
	return io.MultiReader(
		strings.NewReader("COPY public.posts (a) FROM stdin;\n"), value(), strings.NewReader("\n\\.\n"),
		strings.NewReader("COPY auth.users (id) FROM stdin;\n"), value(), strings.NewReader("\n\\.\n"),
		strings.NewReader("COMMENT ON TABLE x IS '"), io.LimitReader(value(), n/16), strings.NewReader("';\n-- "),
		io.LimitReader(value(), n/16), strings.NewReader("\nDO $$"), io.LimitReader(value(), n/16),
		strings.NewReader("$$;\nINSERT INTO auth.users (id) VALUES ('"), io.LimitReader(value(), n/16),
		strings.NewReader("');\n"))
}

type repeated byte

func (r repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

// discardSink counts the bytes of the rows.
type discardSink struct {
	memorySink
	bytes int64
}

func (s *discardSink) begin(string, []string, map[string]string) (io.Writer, error) { return s, nil }

func (s *discardSink) Write(p []byte) (int, error) {
	s.bytes += int64(len(p))
	return len(p), nil
}

func TestParserNeedsNoMoreMemoryForALineOfOneGigabyte(t *testing.T) {
	const size = 1 << 30
	s := &discardSink{memorySink: *newMemorySink("auth.users")}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := newParser(bigDump(size), s).parse(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got, want := s.bytes, int64(size+size/16+2); got != want {
		t.Errorf("bytes of the rows: got %d, want %d", got, want)
	}
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(4<<20); got > limit {
		t.Errorf("memory that the parser allocated in total: got %d bytes, want at most %d", got, limit)
	}
}

// A value that is written in any of the forms of a constant, and repeated in places that are skipped, is read as it is.
func FuzzParserReadsEveryValue(f *testing.F) {
	for _, v := range []string{
		"", "it's", `\N`, `a\`, "\\.\n\\.", "$$ $x$", "-- ;\n/* ", `"`, "\r\n", "E'\\'", "é\u2028\U0001f600", "\t",
	} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsRune(value, 0) {
			return // no text of Postgres has it
		}
		want := copyReplacer.Replace(value)
		plain := "'" + strings.ReplaceAll(value, "'", "''") + "'"
		escaped := "E'" + strings.NewReplacer("'", `\'`, `\`, `\\`, "\n", `\n`).Replace(value) + "'"
		forms := []string{plain, escaped}
		if !strings.Contains(value+"$t$", "$t") || strings.Count(value+"$t$", "$t") == 1 {
			forms = append(forms, "$t$"+value+"$t$")
		}
		for _, form := range forms {
			dump := fmt.Sprintf("COMMENT ON TABLE x IS %[1]s;\nCOPY public.x (a) FROM stdin;\n%[2]s\n\\.\n"+
				"INSERT INTO auth.users (id, a) VALUES (%[1]s, NULL), ('2', %[1]s);\n"+
				"COPY auth.users (id, a) FROM stdin;\n%[2]s\t3\n\\.\nINSERT INTO public.x VALUES (%[1]s);\n", form, want)
			s := newMemorySink("auth.users")
			p := newParser(strings.NewReader(dump), s)
			if err := p.parse(); err != nil {
				t.Fatalf("value %q as %q: got the error %v, want none", value, form, err)
			}
			if got, want := s.textOf("auth.users"), want+"\t\\N\n2\t"+want+"\n"+want+"\t3\n"; got != want {
				t.Fatalf("value %q as %q: got the rows %q, want %q", value, form, got, want)
			}
			if p.skipped["public.x"] != 2 || s.rows["auth.users"] != 3 {
				t.Fatalf("value %q as %q: got %d skipped rows and %d rows, want 2 and 3", value, form,
					p.skipped["public.x"], s.rows["auth.users"])
			}
			for cut := len(dump) - 5; cut > len(dump)/2; cut -= 7 {
				s := newMemorySink("auth.users")
				if err := newParser(strings.NewReader(dump[:cut]), s).parse(); err == nil && dump[:cut] != "" &&
					!endsBetweenStatements(dump[:cut]) {
					t.Fatalf("value %q as %q, cut after %d bytes: got no error, want one", value, form, cut)
				}
			}
		}
	})
}

// endsBetweenStatements reports whether the text ends with a whole statement, a whole COPY, or white space after one.
func endsBetweenStatements(text string) bool {
	trimmed := strings.TrimRight(text, "\n")
	return strings.HasSuffix(trimmed, ";") || strings.HasSuffix(trimmed, "\\.")
}

// No input makes the parser panic or run on.
func FuzzParserEnds(f *testing.F) {
	for _, v := range []string{
		"COPY auth.users (id) FROM stdin;\n1\n\\.\n", "INSERT INTO auth.users (id) VALUES ('1');", "/* */ -- \n", "$a$ $a$",
		"CREATE TABLE auth.users (id uuid, \"a\" text DEFAULT 'x' NOT NULL);", "\\restrict x\n",
		"SET client_encoding = 'UTF8';",
	} {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := newMemorySink("auth.users")
		p := newParser(bytes.NewReader(text), s)
		err := p.parse()
		if err != nil && !errors.Is(err, run.ErrRefused) {
			t.Fatalf("got the error %v, want a refusal or none", err)
		}
		if err == nil && p.rows["auth.users"] != s.rows["auth.users"] {
			t.Fatalf("rows: the parser counted %d, the sink got %d", p.rows["auth.users"], s.rows["auth.users"])
		}
	})
}
