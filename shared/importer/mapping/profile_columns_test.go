package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProfileColumnsAreReadUnderTheNamesOfUserProfile(t *testing.T) {
	t.Parallel()
	table := readableTable("public.users", "id", "uuid", "user_id", "bigint", "lang", "text", "age_range", "text")
	o := Options{ProfileKey: "id", ProfileColumns: map[string]string{"lang": "preferred_language"}}
	got := o.RenameProfileColumns(table)
	want := `(SELECT "id" AS "user_id", "user_id" AS "source_user_id", "lang" AS "preferred_language", ` +
		`"age_range" AS "age_range" FROM "public"."users")`
	if got.From() != want {
		t.Errorf("FROM item: got %s, want %s", got.From(), want)
	}
	if table.From() != `"public"."users"` {
		t.Errorf("the table itself has the FROM item %s, want it unchanged", table.From())
	}
	m := profileMapping(got)
	places := ProfileColumnPlaces{
		Mapped:   []string{"lang=preferred_language", "age_range"},
		Unmapped: []string{"user_id=source_user_id"},
	}
	if diff := cmp.Diff(places, m.ProfilePlaces()); diff != "" {
		t.Errorf("places of the columns (-want +got):\n%s", diff)
	}
	if got := (Options{}).RenameProfileColumns(table); cmp.Diff(table, got) != "" {
		t.Errorf("without options: got %+v, want the same table", got)
	}
}

func TestRenamedColumnsKeepOtherColumnsApart(t *testing.T) {
	t.Parallel()
	names := func(o Options, columns ...string) string {
		table := Table{Name: "public.users"}
		for _, c := range columns {
			table.Columns = append(table.Columns, TableColumn{Name: c})
		}
		var all []string
		for _, c := range o.RenameProfileColumns(table).Columns {
			all = append(all, c.Name)
		}
		return strings.Join(all, " ")
	}
	for name, test := range map[string]struct {
		options Options
		columns []string
		want    string
	}{
		"the key has its name already": {Options{ProfileKey: "user_id"}, []string{"id", "user_id"}, "id user_id"},
		"a column has the key's name":  {Options{ProfileKey: "id"}, []string{"id", "user_id"}, "user_id source_user_id"},
		"the next name is used, too": {
			Options{ProfileKey: "id"},
			[]string{"id", "user_id", "source_user_id"},
			"user_id source_source_user_id source_user_id",
		},
		"two columns change places": {
			Options{ProfileColumns: map[string]string{"created_at": "updated_at", "updated_at": "created_at"}},
			[]string{"created_at", "updated_at"},
			"updated_at created_at",
		},
		"a column that does not exist": {
			Options{ProfileColumns: map[string]string{"x": "age_range"}}, []string{"age_range"}, "age_range",
		},
	} {
		if got := names(test.options, test.columns...); got != test.want {
			t.Errorf("%s: got the columns %s, want %s", name, got, test.want)
		}
	}
}

func TestProfileColumnsThatCannotBeMappedAreRejected(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options Options
		want    string // "": no error
	}{
		"a key and columns": {Options{ProfileKey: "id", ProfileColumns: map[string]string{"lang": "preferred_language"}}, ""},
		"a time":            {Options{ProfileColumns: map[string]string{"inserted_at": "created_at"}}, ""},
		"no table":          {Options{Profiles: "none", ProfileKey: "id"}, "need a table of profiles"},
		"an unknown field": {
			Options{ProfileColumns: map[string]string{"level": "skill"}},
			`user_profile has no column "skill"; it has age_range, `,
		},
		"the key as a field": {Options{ProfileColumns: map[string]string{"id": "user_id"}}, "use --profile-key"},
		"a field as the key": {
			Options{ProfileKey: "id", ProfileColumns: map[string]string{"id": "age_range"}}, "has the id",
		},
		"no column": {Options{ProfileColumns: map[string]string{"": "age_range"}}, "names no column"},
		"two columns of one field": {
			Options{ProfileColumns: map[string]string{"a": "age_range", "b": "age_range"}},
			"the column a is mapped to age_range already",
		},
	} {
		_, err := test.options.WithDefaults()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got the error %v, want one with %q (\"\": none)", name, err, test.want)
		}
	}
}

func TestOptionsThatDoNotFitTheProfileTableAreRefused(t *testing.T) {
	t.Parallel()
	table := readableTable("public.users", "id", "uuid", "owner", "uuid", "number", "bigint", "lang", "text")
	for name, test := range map[string]struct {
		key, from, to string
		want          string // "": no refusal
	}{
		"a key and a column":    {"id", "lang", "preferred_language", ""},
		"a missing key":         {"uid", "lang", "preferred_language", "has no column uid for --profile-key; columns of"},
		"a key in other case":   {"ID", "lang", "preferred_language", "columns of type uuid: id, owner"},
		"a bigint as the key":   {"number", "lang", "preferred_language", "public.users.number is of type bigint"},
		"a missing column":      {"id", "language", "preferred_language", "it has id, owner, number, lang"},
		"a time that is a text": {"id", "lang", "created_at", "public.users.lang is of type text"},
	} {
		o := Options{ProfileKey: test.key, ProfileColumns: map[string]string{test.from: test.to}}
		m := profileMapping(o.RenameProfileColumns(table))
		m.Options = o
		got := m.ProfileTableRefusals()
		if test.want == "" && got != nil || test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
			t.Errorf("%s: got the refusals %q, want one with %q (\"\": none)", name, got, test.want)
		}
	}
	m := profileMapping(table)
	m.Target.Profile = readableTable("user_profile", "user_id", "uuid")
	m.Options = Options{ProfileKey: "id", ProfileColumns: map[string]string{"lang": "preferred_language"}}
	want := []string{"the target's user_profile has no column preferred_language for --profile-column " +
		"lang=preferred_language"}
	if diff := cmp.Diff(want, m.ProfileTableRefusals()); diff != "" {
		t.Errorf("the target lacks the column: refusals (-want +got):\n%s", diff)
	}
}
