package mapping

import (
	"encoding/json"
	"slices"
	"strings"
)

// unmapped is a JSON object of a row's columns, without those to skip, without NULL, empty text and defaults, and
// without a value that is the same in the target: altered has the target's value of a column, as SQL. more are further
// members.
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
		members = append(members, member(c.Name)+" || "+text)
	}
	if len(members) == 0 {
		return "'{}'"
	}
	return "'{' || concat_ws(',', " + strings.Join(members, ",\n    ") + ") || '}'"
}

// member is the beginning of a member of a JSON object, as SQL.
func member(name string) string {
	text, _ := json.Marshal(name) // text has no value that cannot be written
	return Literal(string(text) + ":")
}

// withoutDefault is a column's value, or NULL where it is the default, which carries no information.
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

// unmappedAsText is unmapped where the altered values that end in ::text are compared by their text.
func unmappedAsText(t Table, row string, skip []string, altered map[string]string) string {
	var members []string
	for _, c := range t.Columns {
		target, ok := altered[c.Name]
		if !ok || !strings.HasSuffix(target, "::text") {
			continue
		}
		column := row + "." + Quote(c.Name)
		members = append(members, "CASE WHEN "+column+"::text IS DISTINCT FROM "+target+
			" THEN "+member(c.Name)+" || to_json("+column+")::text END")
		skip = append(skip, c.Name)
	}
	return unmapped(t, row, skip, altered, members...)
}
