package mapping

import (
	"slices"
	"strings"
)

// timeOrNull returns an SQL expression for a time, or NULL if JavaScript and JSON cannot represent it: infinity, and
// years outside 1 to 9999.
func timeOrNull(t string) string {
	return "CASE WHEN NOT (" + isOutsideDateRange(t) + ") THEN " + t + " END"
}

// isOutsideDateRange returns an SQL condition: JavaScript and JSON cannot represent the time t.
func isOutsideDateRange(t string) string {
	return "(" + t + " < '0001-01-01 00:00:00+00' OR " + t + " >= '10000-01-01 00:00:00+00')"
}

// createdAt returns an SQL expression for created_at. If created_at is NULL or not representable, it is the earliest
// other time of the user except banned_until and deleted_at, or 1970-01-01 if there is none.
func (m Mapping) createdAt() string {
	unrelated := []string{"created_at", "banned_until", "deleted_at"}
	var others []string
	for _, c := range m.Source.Users.Columns {
		if c.Type == "timestamp with time zone" && !c.Generated && !slices.Contains(unrelated, c.Name) {
			others = append(others, timeOrNull("u."+Quote(c.Name)))
		}
	}
	return "coalesce(" + timeOrNull("u.created_at") + ", least(" + strings.Join(others, ", ") + "), 'epoch')"
}
