package mapping

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readableTable returns a table that exists and is readable. columns has the name and the type of each column in turn.
func readableTable(name string, columns ...string) Table {
	t := Table{Name: name, Exists: true, Readable: true}
	for i := 0; i < len(columns); i += 2 {
		t.Columns = append(t.Columns, TableColumn{Name: columns[i], Type: columns[i+1]})
	}
	return t
}

// readableSource returns a source with all required columns.
func readableSource() SourceCatalog {
	return SourceCatalog{
		Version: 140000,
		Server:  "14.0",
		Users: readableTable("auth.users", "id", "uuid", "email", "character varying", "encrypted_password", "text",
			"email_confirmed_at", "timestamp with time zone", "created_at", "timestamp with time zone",
			"updated_at", "timestamp with time zone"),
		Identities: readableTable(
			"auth.identities",
			"id",
			"uuid",
			"user_id",
			"uuid",
			"provider",
			"text",
			"provider_id",
			"text",
			"identity_data",
			"jsonb",
		),
	}
}

func TestUsableTableExistsAndIsReadable(t *testing.T) {
	t.Parallel()
	for table, want := range map[[2]bool]bool{{true, true}: true, {true, false}: false, {false, true}: false} {
		if got := (Table{Exists: table[0], Readable: table[1]}).IsUsable(); got != want {
			t.Errorf("a table with Exists %t and Readable %t: IsUsable() = %t, want %t", table[0], table[1], got, want)
		}
	}
}

func TestColumnIsFoundByName(t *testing.T) {
	t.Parallel()
	users := readableTable("auth.users", "id", "uuid", "email", "text")
	for _, c := range users.Columns {
		if got, ok := users.Column(c.Name); !ok || got.Type != c.Type {
			t.Errorf("Column(%q) = %v, %t; want the column of type %s and true", c.Name, got, ok, c.Type)
		}
	}
	if got, ok := users.Column("phone"); ok || got.Name != "" {
		t.Errorf("Column of a name that the table does not have = %v, %t; want no column and false", got, ok)
	}
}

func TestTimestampsGetThePrecisionOfTheTargetColumn(t *testing.T) {
	t.Parallel()
	three := 3
	user := Table{
		Columns: []TableColumn{
			{Name: "createdAt", Precision: &three},
			{Name: "updatedAt"},
			{Name: "name", Precision: &three},
		},
	}
	got := user.withPrecision(
		[]Column{{"createdAt", "timestamptz", ""}, {"updatedAt", "timestamptz", ""}, {"name", "text", ""}},
	)
	want := []Column{{"createdAt", "timestamptz(3)", ""}, {"updatedAt", "timestamptz", ""}, {"name", "text", ""}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("columns with the precision of the target (-got +want):\n%s", diff)
	}
}

func TestSourceIsRefusedIfItIsTooOldOrLacksTablesOrColumns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*SourceCatalog)
		want   []string
	}{
		"a source with all tables": {func(*SourceCatalog) {}, nil},
		"an old server": {
			func(s *SourceCatalog) { s.Version, s.Server = 139999, "13.9" },
			[]string{"the source is Postgres 13.9; 14 or newer is needed"},
		},
		"no table auth.users": {
			func(s *SourceCatalog) { s.Users = Table{Name: "auth.users"} },
			[]string{"auth.users does not exist: is this a Supabase database?"},
		},
		"auth.identities is not readable": {
			func(s *SourceCatalog) { s.Identities.Readable = false },
			[]string{"auth.identities cannot be read by this role: use the role postgres, or grant select on it"},
		},
		"a column with another type, and a missing column": {
			func(s *SourceCatalog) {
				s.Users.Columns[0].Type = "bigint"
				s.Identities.Columns = s.Identities.Columns[:4]
			},
			[]string{`auth.identities.identity_data is "", not jsonb`, `auth.users.id is "bigint", not uuid`},
		},
	} {
		s := readableSource()
		c.change(&s)
		if diff := cmp.Diff(s.Refusals(), c.want); diff != "" {
			t.Errorf("%s: refusals (-got +want):\n%s", name, diff)
		}
	}
}

func TestTargetIsRefusedIfItIsTooOldOrItsTablesDiffer(t *testing.T) {
	t.Parallel()
	const advice = "if these tables belong to your application, do not change them: give Xenon another schema, " +
		"for `xenon schema up` and every command of the import: SCHEMA=xenon"
	for name, c := range map[string]struct {
		target TargetCatalog
		want   []string
	}{
		"a target without problems": {TargetCatalog{Version: 140000, Schema: "public"}, nil},
		"an old server": {
			TargetCatalog{Version: 139999, Server: "13.9"},
			[]string{"the target is Postgres 13.9; 14 or newer is needed"},
		},
		"the trigger of an older release": {
			TargetCatalog{Version: 140000, TouchTrigger: true},
			[]string{"the target's trigger user_profile_touch is from an older release: run `xenon schema up` first"},
		},
		"a missing table in the schema public": {
			TargetCatalog{Version: 140000, Schema: "public", Problems: []string{"user is missing"}},
			[]string{"the target's user is missing"},
		},
		"a wrong column in the schema public": {
			TargetCatalog{Version: 140000, Schema: "public", Problems: []string{"user.id is text"}, WrongColumns: true},
			[]string{"the target's user.id is text", advice},
		},
		"a wrong column in another schema": {
			TargetCatalog{Version: 140000, Schema: "xenon", Problems: []string{"user.id is text"}, WrongColumns: true},
			[]string{"the target's user.id is text"},
		},
	} {
		if diff := cmp.Diff(c.target.Refusals(), c.want); diff != "" {
			t.Errorf("%s: refusals (-got +want):\n%s", name, diff)
		}
	}
}

func TestFingerprintHashesTheRowAsTextIfATypeHasNoHashFunction(t *testing.T) {
	t.Parallel()
	const asRow, asText = "hash_record_extended(u, 0)", "('x' || left(md5(u::text), 16))::bit(64)::bigint"
	for name, c := range map[string]struct {
		column TableColumn
		want   string
	}{
		"a type with a hash function":            {TableColumn{Type: "uuid"}, asRow},
		"a type without a hash function":         {TableColumn{Type: "json"}, asText},
		"an enum":                                {TableColumn{Type: "auth.factor_type", Labels: []string{"totp"}}, asRow},
		"a type with a hash function and labels": {TableColumn{Type: "text", Labels: []string{"a"}}, asRow},
	} {
		if got := (Table{Columns: []TableColumn{{Type: "text"}, c.column}}).fingerprint("u"); got != c.want {
			t.Errorf("%s: the fingerprint is %s, want %s", name, got, c.want)
		}
	}
}

func TestChangedSinceReadsOnlyTablesThatAreReadableAndHaveATime(t *testing.T) {
	t.Parallel()
	unreadable := readableTable("auth.mfa_factors", "user_id", "uuid", "updated_at", "timestamp with time zone")
	unreadable.Readable = false
	m := Mapping{Source: SourceCatalog{
		Users:      readableTable("auth.users", "id", "uuid", "updated_at", "timestamp with time zone"),
		Identities: readableTable("auth.identities", "user_id", "uuid"),
		Factors:    unreadable,
	}}
	want := `SELECT p.id::text
FROM "auth"."users" p
WHERE p.updated_at >= '2026-01-02' AND p.updated_at < now() + interval '1 day'`
	if got := m.ChangedSince("2026-01-02"); got != want {
		t.Errorf("ChangedSince returned\n%s\nwant SQL that reads updated_at of auth.users alone:\n%s", got, want)
	}
}
