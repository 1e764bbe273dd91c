package mapping

import (
	"encoding/json"
	"slices"
	"strings"
)

// unmapped returns an SQL expression for a JSON object with the values of a row that the target does not store. It
// leaves out generated columns, the columns in skip, NULL, defaults of Supabase (withoutDefault), and values that equal
// the value in the target.
// altered has, by column, the SQL expressions for the values in the target. more has further members of the object.
func unmapped(t Table, row string, skip []string, altered map[string]string, more ...string) string {
	members := more
	for _, c := range t.Columns {
		if c.Generated || slices.Contains(skip, c.Name) {
			continue
		}
		column := row + "." + Quote(c.Name)
		value := withoutDefault(c, column)
		if target, ok := altered[c.Name]; ok {
			value = "CASE WHEN " + column + " IS DISTINCT FROM " + target + " THEN " + value + " END"
		}
		text := "to_json(" + value + ")::text"
		if c.Type == "jsonb" || c.Type == "json" {
			text = value + "::text"
		}
		members = append(members, memberName(c.Name)+" || "+text)
	}
	if len(members) == 0 {
		return "'{}'"
	}
	return "'{' || concat_ws(',', " + strings.Join(members, ",\n    ") + ") || '}'"
}

// memberName returns an SQL literal for the name of a member of a JSON object, with quotes and a colon.
func memberName(name string) string {
	text, _ := json.Marshal(name) // encoding a string cannot fail
	return Literal(string(text) + ":")
}

// withoutDefault returns an SQL expression for the value of a column, or NULL if the value is a default of Supabase:
// false, 0, an empty text, MinUUID or, in the column aud, authenticated.
func withoutDefault(c TableColumn, column string) string {
	switch c.Type {
	case "boolean":
		return "nullif(" + column + ", false)"
	case "smallint", "integer", "bigint":
		return "nullif(" + column + ", 0)"
	case "character varying", "text":
		if c.Name == "aud" {
			return "nullif(nullif(" + column + ", ''), 'authenticated')"
		}
		return "nullif(" + column + ", '')"
	case "uuid":
		return "nullif(" + column + ", '" + MinUUID + "')"
	}
	return column
}

// unmappedAsText is like unmapped, but compares a column as text if its expression in altered ends in ::text.
func unmappedAsText(t Table, row string, skip []string, altered map[string]string) string {
	var members []string
	for _, c := range t.Columns {
		target, ok := altered[c.Name]
		if !ok || !strings.HasSuffix(target, "::text") {
			continue
		}
		column := row + "." + Quote(c.Name)
		members = append(members, "CASE WHEN "+column+"::text IS DISTINCT FROM "+target+
			" THEN "+memberName(c.Name)+" || to_json("+column+")::text END")
		skip = append(skip, c.Name)
	}
	return unmapped(t, row, skip, altered, members...)
}
