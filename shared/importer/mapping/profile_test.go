package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const timestamptzName = "timestamp with time zone"

// profileMapping returns a mapping from a profile table to a user_profile that has all columns.
func profileMapping(source Table) Mapping {
	target := readableTable("user_profile")
	for _, name := range (Options{}).ChoiceFields() {
		target.Columns = append(target.Columns, TableColumn{Name: name, Type: "text"})
	}
	for _, name := range []string{"time_per_week", "preferred_language", "created_at", "updated_at"} {
		target.Columns = append(target.Columns, TableColumn{Name: name})
	}
	return Mapping{Source: SourceCatalog{Profiles: source}, Target: TargetCatalog{Profile: target}}
}

func TestProfileFaultsCheckOnlyColumnsThatTheTablesHave(t *testing.T) {
	t.Parallel()
	all := readableTable("public.profiles", "age_range", "text", "time_per_week", "integer", "preferred_language", "text")
	faults := func(source, target Table) (names []string) {
		m := Mapping{Source: SourceCatalog{Profiles: source}, Target: TargetCatalog{Profile: target}}
		isFaulty, fields := m.profileFaults()
		if !strings.HasSuffix(isFaulty, "false") {
			t.Errorf("the condition for a faulty row is %s, want it to end with false, so that it is valid SQL", isFaulty)
		}
		for _, name := range []string{
			"age_range:enum_unknown", "time_per_week:check_violation",
			"preferred_language:value_too_long", "preferred_language:check_violation",
		} {
			if strings.Contains(fields, name) {
				names = append(names, name)
			}
		}
		return names
	}
	language := []string{"preferred_language:value_too_long", "preferred_language:check_violation"}
	both := append([]string{"age_range:enum_unknown", "time_per_week:check_violation"}, language...)
	if diff := cmp.Diff(faults(all, all), both); diff != "" {
		t.Errorf("both tables have all columns: checked fields (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(faults(all, readableTable("user_profile")), language); diff != "" {
		t.Errorf("only the source has the columns: checked fields (-got +want):\n%s", diff)
	}
	if got := faults(readableTable("public.profiles"), all); got != nil {
		t.Errorf("only the target has the columns: the checked fields are %v, want none", got)
	}
}

func TestChoiceSQLAllowsOnlyValuesThatTheTargetAllows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values map[string]string
		column TableColumn
		want   string
	}{
		"a column without a limit": {nil, TableColumn{}, `p."age_range"::text`},
		"a CHECK constraint": {
			nil,
			TableColumn{Allowed: []string{"a", "b"}},
			`CASE WHEN (p."age_range"::text) IN ('a', 'b') THEN p."age_range"::text END`,
		},
		"an enum": {
			nil,
			TableColumn{Labels: []string{"a"}},
			`CASE WHEN (p."age_range"::text) IN ('a') THEN p."age_range"::text END`,
		},
		"a map of values": {
			map[string]string{"y": "2", "x": "1"},
			TableColumn{},
			`CASE p."age_range"::text WHEN 'x' THEN '1' WHEN 'y' THEN '2' ELSE p."age_range"::text END`,
		},
		"an empty map": {map[string]string{}, TableColumn{}, `p."age_range"::text`},
	} {
		c.column.Name = "age_range"
		m := Mapping{
			Target:  TargetCatalog{Profile: Table{Columns: []TableColumn{c.column}}},
			Options: Options{ProfileValues: map[string]map[string]string{"age_range": c.values}},
		}
		if got := m.choiceSQL("age_range"); got != c.want {
			t.Errorf("%s: choiceSQL returned %s, want %s", name, got, c.want)
		}
	}
}

func TestUnsuitableProfileTableIsRefused(t *testing.T) {
	t.Parallel()
	good := readableTable("public.learners", "user_id", "uuid", "age_range", "text")
	change := func(from Table, f func(*Table)) Table { f(&from); return from }
	for name, c := range map[string]struct {
		table Table
		want  string // "": no refusal
	}{
		"suitable table":                  {good, ""},
		"the option is none":              {Table{Exists: true}, ""},
		"table does not exist":            {change(good, func(t *Table) { t.Exists = false }), ""},
		"table is unreadable":             {change(good, func(t *Table) { t.Readable = false }), "cannot be read"},
		"the default table is unreadable": {Table{Name: DefaultProfiles, Exists: true}, ""},
		"foreign table":                   {change(good, func(t *Table) { t.Foreign = true }), "foreign table"},
		"no column user_id":               {readableTable("public.learners", "age_range", "text"), "no column user_id"},
		"user_id is a number": {
			readableTable("public.learners", "user_id", "bigint", "age_range", "text"), "no column user_id",
		},
		"user_id is text": {readableTable("public.learners", "user_id", "text", "age_range", "text"), ""},
		"no column of user_profile": {
			readableTable("public.learners", "user_id", "uuid", "colour", "text"),
			"has none of the columns of user_profile",
		},
		"default table without a column of user_profile": {readableTable(DefaultProfiles, "user_id", "uuid"), ""},
		"default table with a number as user_id": {
			readableTable(DefaultProfiles, "user_id", "bigint"), "no column user_id",
		},
	} {
		got := profileMapping(c.table).ProfileTableRefusals()
		if c.want == "" && got != nil || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s: the refusals are %q, want one with %q (\"\": no refusal)", name, got, c.want)
		}
	}
}

func TestProfilePlacesNamesMappedAndUnmappedColumns(t *testing.T) {
	t.Parallel()
	source := readableTable("public.profiles", "user_id", "uuid", "age_range", "text", "colour", "text", "made", "text",
		"created_at", timestamptzName, "updated_at", "text")
	source.Columns[3].Generated = true
	want := ProfileColumnPlaces{Mapped: []string{"age_range"}, Unmapped: []string{"colour", "updated_at"}}
	if diff := cmp.Diff(profileMapping(source).ProfilePlaces(), want); diff != "" {
		t.Errorf("updated_at is a text: ProfilePlaces (-got +want):\n%s", diff)
	}
	source = readableTable(
		"public.profiles",
		"created_at",
		"text",
		"updated_at",
		timestamptzName,
		"starts",
		timestamptzName,
	)
	want = ProfileColumnPlaces{Mapped: []string{}, Unmapped: []string{"created_at", "starts"}}
	if diff := cmp.Diff(profileMapping(source).ProfilePlaces(), want); diff != "" {
		t.Errorf("created_at is a text, and another column is a time: ProfilePlaces (-got +want):\n%s", diff)
	}
	source.Readable = false
	want = ProfileColumnPlaces{Mapped: []string{}, Unmapped: []string{}}
	if diff := cmp.Diff(profileMapping(source).ProfilePlaces(), want); diff != "" {
		t.Errorf("the profile table is unreadable: ProfilePlaces (-got +want):\n%s", diff)
	}
}

func TestProfileUserIsTheColumnUserIDIfItIsAUniqueUUID(t *testing.T) {
	t.Parallel()
	const orNone = ", '00000000-0000-0000-0000-000000000000')"
	for name, c := range map[string]struct {
		column TableColumn
		user   string
	}{
		"a unique uuid": {TableColumn{Type: "uuid", Unique: true}, "p.user_id"},
		"a uuid":        {TableColumn{Type: "uuid"}, "coalesce(p.user_id" + orNone},
		"unique text": {
			TableColumn{Type: "text", Unique: true},
			"coalesce(CASE WHEN p.user_id ~* '" + UUIDPattern + "' THEN p.user_id::uuid END" + orNone,
		},
	} {
		c.column.Name = "user_id"
		m := profileMapping(Table{Name: "public.profiles", Columns: []TableColumn{c.column}})
		if got := m.ProfileUser(); got != c.user {
			t.Errorf("%s: ProfileUser() = %s, want %s", name, got, c.user)
		}
		isUnique := c.user == "p.user_id"
		key := m.profileKey()
		if (key == "p.user_id") != isUnique || strings.Contains(key, "d.position = 1") == isUnique {
			t.Errorf("%s: profileKey() = %s, want p.user_id: %t, otherwise an expression with the position", name, key, isUnique)
		}
		rows := m.profileRows(AllUsers)
		if (rows == `"public"."profiles" p`) != isUnique || strings.Contains(rows, "row_number()") == isUnique {
			t.Errorf("%s: profileRows() = %s, want the plain table: %t, otherwise numbered rows", name, rows, isUnique)
		}
	}
}
