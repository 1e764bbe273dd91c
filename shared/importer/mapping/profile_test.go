package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const withZone = "timestamp with time zone"

// profiles returns a mapping from a profile table to a user_profile with every column.
func profiles(source Table) Mapping {
	target := readableTable("user_profile")
	for _, name := range ChoiceFields {
		target.Columns = append(target.Columns, TableColumn{Name: name, Type: "text"})
	}
	for _, name := range []string{"time_per_week", "preferred_language", "created_at", "updated_at"} {
		target.Columns = append(target.Columns, TableColumn{Name: name})
	}
	return Mapping{Source: SourceCatalog{Profiles: source}, Target: TargetCatalog{Profile: target}}
}

func TestProfileFaultsCheckOnlyColumnsOfBothTables(t *testing.T) {
	t.Parallel()
	all := readableTable("public.profiles", "age_range", "text", "time_per_week", "integer", "preferred_language", "text")
	faults := func(source, target Table) (names []string) {
		m := Mapping{Source: SourceCatalog{Profiles: source}, Target: TargetCatalog{Profile: target}}
		isFaulty, fields := m.profileFaults()
		if !strings.HasSuffix(isFaulty, "false") {
			t.Errorf("the condition ends with %s", isFaulty)
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
		t.Errorf("both have all columns, got -, want +:\n%s", diff)
	}
	if diff := cmp.Diff(faults(all, readableTable("user_profile")), language); diff != "" {
		t.Errorf("the source alone, got -, want +:\n%s", diff)
	}
	if got := faults(readableTable("public.profiles"), all); got != nil {
		t.Errorf("the target alone: got %v", got)
	}
}

func TestChoiceAllowsOnlyValuesOfTheTarget(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values map[string]string
		column TableColumn
		want   string
	}{
		"anything": {nil, TableColumn{}, `p."age_range"::text`},
		"a check": {
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
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestProfileTableRefusals(t *testing.T) {
	t.Parallel()
	good := readableTable("public.learners", "user_id", "uuid", "age_range", "text")
	change := func(from Table, f func(*Table)) Table { f(&from); return from }
	for name, c := range map[string]struct {
		table Table
		want  string // "": no refusal
	}{
		"good":               {good, ""},
		"none":               {Table{Exists: true}, ""},
		"missing":            {change(good, func(t *Table) { t.Exists = false }), ""},
		"unreadable":         {change(good, func(t *Table) { t.Readable = false }), "cannot be read"},
		"unreadable default": {Table{Name: DefaultProfiles, Exists: true}, ""},
		"foreign":            {change(good, func(t *Table) { t.Foreign = true }), "foreign table"},
		"without user_id":    {readableTable("public.learners", "age_range", "text"), "no column user_id"},
		"user_id is a number": {
			readableTable("public.learners", "user_id", "bigint", "age_range", "text"), "no column user_id",
		},
		"user_id is text": {readableTable("public.learners", "user_id", "text", "age_range", "text"), ""},
		"no profile column": {
			readableTable("public.learners", "user_id", "uuid", "colour", "text"),
			"has none of the columns of user_profile",
		},
		"default, no columns": {readableTable(DefaultProfiles, "user_id", "uuid"), ""},
		"default, wrong type": {readableTable(DefaultProfiles, "user_id", "bigint"), "no column user_id"},
	} {
		got := profiles(c.table).ProfileTableRefusals()
		if c.want == "" && got != nil || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestProfilePlaces(t *testing.T) {
	t.Parallel()
	source := readableTable("public.profiles", "user_id", "uuid", "age_range", "text", "colour", "text", "made", "text",
		"created_at", withZone, "updated_at", "text")
	source.Columns[3].Generated = true
	want := ProfileColumnPlaces{Mapped: []string{"age_range"}, Unmapped: []string{"colour", "updated_at"}}
	if diff := cmp.Diff(profiles(source).ProfilePlaces(), want); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
	source = readableTable("public.profiles", "created_at", "text", "updated_at", withZone, "starts", withZone)
	want = ProfileColumnPlaces{Mapped: []string{}, Unmapped: []string{"created_at", "starts"}}
	if diff := cmp.Diff(profiles(source).ProfilePlaces(), want); diff != "" {
		t.Errorf("times, got -, want +:\n%s", diff)
	}
	source.Readable = false
	want = ProfileColumnPlaces{Mapped: []string{}, Unmapped: []string{}}
	if diff := cmp.Diff(profiles(source).ProfilePlaces(), want); diff != "" {
		t.Errorf("hidden, got -, want +:\n%s", diff)
	}
}

func TestProfileUserIsTheColumnIfItIsUnique(t *testing.T) {
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
		m := profiles(Table{Name: "public.profiles", Columns: []TableColumn{c.column}})
		if got := m.ProfileUser(); got != c.user {
			t.Errorf("%s: got %s, want %s", name, got, c.user)
		}
		isOne := c.user == "p.user_id"
		if got := m.profileKey(); (got == "p.user_id") != isOne || strings.Contains(got, "d.position = 1") == isOne {
			t.Errorf("%s: the key is %s", name, got)
		}
		if got := m.profileRows(
			AllUsers,
		); (got == `"public"."profiles" p`) != isOne ||
			strings.Contains(got, "row_number()") == isOne {
			t.Errorf("%s: the rows are %s", name, got)
		}
	}
}
