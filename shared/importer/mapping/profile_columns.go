package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// profileTimes are the times of a profile.
var profileTimes = []string{"created_at", "updated_at"}

// ChoosesProfiles reports whether an option names the profile table or columns of it.
func (o Options) ChoosesProfiles() bool { return o.Profiles != "" || o.RenamesProfileColumns() }

// RenamesProfileColumns reports whether an option gives columns of the profile table other names.
func (o Options) RenamesProfileColumns() bool { return o.ProfileKey != "" || len(o.ProfileColumns) > 0 }

// checkProfileColumns checks ProfileKey and ProfileColumns as far as this is possible without a database.
func (o Options) checkProfileColumns() error {
	if o.Profiles == NoProfiles && o.RenamesProfileColumns() {
		return fmt.Errorf("--profile-key and --profile-column need a table of profiles, but the option is --profiles none")
	}
	olds := map[string]string{} // by the column of user_profile
	for _, from := range slices.Sorted(maps.Keys(o.ProfileColumns)) {
		to := o.ProfileColumns[from]
		switch {
		case from == "":
			return fmt.Errorf("--profile-column =%s names no column of the profile table", to)
		case from == o.ProfileKey:
			return fmt.Errorf("--profile-column %s=%s: the column %s has the id of the user (--profile-key)", from, to, from)
		case to == "id" || to == "user_id":
			return fmt.Errorf("--profile-column %s=%s: use --profile-key for the column with the id of the user", from, to)
		case !slices.Contains(o.fillableColumns(), to):
			return fmt.Errorf("--profile-column %s=%s: user_profile has no column %q; it has %s",
				from, to, to, strings.Join(o.fillableColumns(), ", "))
		case olds[to] != "":
			return fmt.Errorf("--profile-column %s=%s: the column %s is mapped to %s already", from, to, olds[to], to)
		}
		olds[to] = from
	}
	return nil
}

// RenameProfileColumns returns the profile table with the names of columns that ProfileKey and ProfileColumns give. The
// mapping then finds them under the names that they have in user_profile. If another column has one of these names, the
// import reads that column as "source_" and its name, so the ledger keeps it.
func (o Options) RenameProfileColumns(t Table) Table {
	names := maps.Clone(o.ProfileColumns)
	if o.ProfileKey != "" {
		if names == nil {
			names = map[string]string{}
		}
		names[o.ProfileKey] = "user_id"
	}
	isTaken := func(name string) bool {
		return slices.ContainsFunc(t.Columns, func(c TableColumn) bool { return names[c.Name] == name })
	}
	columns := slices.Clone(t.Columns)
	for i := range columns {
		c := &columns[i]
		to, ok := names[c.Name]
		if !ok && isTaken(c.Name) {
			to = t.unusedName("source_" + c.Name)
		}
		if to != "" && to != c.Name {
			c.Source, c.Name = c.Name, to
		}
	}
	t.Columns = columns
	return t
}

// unusedName returns a name that begins with name, or with "source_" and name, and that no column has.
func (t Table) unusedName(name string) string {
	for t.Has(name) {
		name = "source_" + name
	}
	return name
}

// SourceName returns the name of the column in the table.
func (c TableColumn) SourceName() string { return cmp.Or(c.Source, c.Name) }

// nameInPlan returns the name of the column, with its name in the table if that differs.
func (c TableColumn) nameInPlan() string {
	if c.Source == "" {
		return c.Name
	}
	return c.Source + "=" + c.Name
}

// From returns a FROM item without an alias: the table or, if the import reads columns under other names, a query with
// these names. Postgres replaces such a query by the table, so that it uses the indexes.
func (t Table) From() string {
	if !slices.ContainsFunc(t.Columns, func(c TableColumn) bool { return c.Source != "" }) {
		return t.SQL()
	}
	list := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		list[i] = Quote(c.SourceName()) + " AS " + Quote(c.Name)
	}
	return "(SELECT " + strings.Join(list, ", ") + " FROM " + t.SQL() + ")"
}

// renameRefusals returns the reasons why ProfileKey and ProfileColumns do not fit the tables.
func (m Mapping) renameRefusals() (why []string) {
	t, key := m.Source.Profiles, m.Options.ProfileKey
	if key != "" {
		switch c, ok := t.sourceColumn(key); {
		case !ok:
			why = append(why, fmt.Sprintf("%s has no column %s for --profile-key; columns of type uuid: %s",
				t.Name, key, t.uuidColumns()))
		case c.Type != "uuid":
			why = append(why, fmt.Sprintf("%s.%s is of type %s, but --profile-key needs a uuid; columns of type uuid: %s",
				t.Name, key, c.Type, t.uuidColumns()))
		}
	}
	for _, from := range slices.Sorted(maps.Keys(m.Options.ProfileColumns)) {
		to := m.Options.ProfileColumns[from]
		flag := "--profile-column " + from + "=" + to
		c, ok := t.sourceColumn(from)
		switch isTime := slices.Contains(profileTimes, to); {
		case !ok:
			why = append(why, fmt.Sprintf("%s has no column %s for %s; it has %s",
				t.Name, from, flag, strings.Join(t.sourceNames(), ", ")))
		case m.Target.Profile.IsUsable() && !m.Target.Profile.Has(to):
			why = append(why, fmt.Sprintf("the target's user_profile has no column %s for %s", to, flag))
		case isTime && !strings.HasPrefix(c.Type, "timestamp"):
			why = append(why, fmt.Sprintf("%s.%s is of type %s, but %s needs a timestamp", t.Name, from, c.Type, flag))
		}
	}
	return why
}

// sourceColumn returns the column that has this name in the table.
func (t Table) sourceColumn(name string) (TableColumn, bool) {
	i := slices.Index(t.sourceNames(), name)
	if i < 0 {
		return TableColumn{}, false
	}
	return t.Columns[i], true
}

// sourceNames returns the names of the columns in the table.
func (t Table) sourceNames() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.SourceName()
	}
	return names
}

// uuidColumns lists the columns of type uuid, or says that there are none.
func (t Table) uuidColumns() string {
	return t.listColumns(func(c TableColumn) bool { return c.Type == "uuid" })
}

// KeyColumns lists the columns of type uuid that are NOT NULL and unique, or says that there are none.
func (t Table) KeyColumns() string {
	return t.listColumns(func(c TableColumn) bool { return c.Type == "uuid" && c.Unique })
}

func (t Table) listColumns(includes func(TableColumn) bool) string {
	var names []string
	for _, c := range t.Columns {
		if includes(c) {
			names = append(names, c.SourceName())
		}
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}
