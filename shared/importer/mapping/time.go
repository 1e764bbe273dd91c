package mapping

import (
	"slices"
	"strings"
)

// representable is a time, or NULL where JavaScript and JSON cannot write it: they know no infinity and no year beyond
// 9999.
func representable(t string) string {
	return "CASE WHEN NOT (" + isOutsideDateRange(t) + ") THEN " + t + " END"
}

// isOutsideDateRange returns the SQL condition that the time t has no representation in JavaScript and JSON.
func isOutsideDateRange(t string) string {
	return "(" + t + " < '0001-01-01 00:00:00+00' OR " + t + " >= '10000-01-01 00:00:00+00')"
}

// createdAt is when the user signed up, or where the source does not say, the earliest time that it has of the user.
func (m Mapping) createdAt() string {
	unrelated := []string{"created_at", "banned_until", "deleted_at"}
	var others []string
	for _, c := range m.Source.Users.Columns {
		if c.Type == "timestamp with time zone" && !c.Generated && !slices.Contains(unrelated, c.Name) {
			others = append(others, representable("u."+Quote(c.Name)))
		}
	}
	return "coalesce(" + representable("u.created_at") + ", least(" + strings.Join(others, ", ") + "), 'epoch')"
}
