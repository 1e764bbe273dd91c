package store

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// UserCondition compares a column of "user" with a value.
type UserCondition struct {
	Column   string
	Operator string   // eq, ne, lt, lte, gt, gte, in, not_in, contains, starts_with or ends_with
	Values   []string // one value, or any number for in and not_in
}

// needsScan reports whether Postgres may have to compare all users with the condition.
func (c UserCondition) needsScan() bool { return c.Operator == "contains" || c.Operator == "ends_with" }

// userColumnTypes has the columns by which users can be selected and sorted.
var userColumnTypes = map[string]string{
	"id": "uuid", "name": "text", "email": "text", "emailVerified": "boolean", "image": "text",
	"createdAt": "timestamptz", "updatedAt": "timestamptz",
	"role": "text", "banned": "boolean", "banReason": "text", "banExpires": "timestamptz",
}

// columnType returns the type of a column of "user", and whether users can be selected and sorted by it.
func (s *Store) columnType(name string) (string, bool) {
	if name == "twoFactorEnabled" {
		return "boolean", s.plugins.TwoFactor
	}
	typ, ok := userColumnTypes[name]
	return typ, ok
}

var comparisonSQL = map[string]string{
	"eq": "= $", "ne": "<> $", "lt": "< $", "lte": "<= $", "gt": "> $", "gte": ">= $",
	"in": "= ANY ($", "not_in": "<> ALL ($",
}

// patternOf returns the pattern of LIKE for an operator, or false if the operator has none. Like Better Auth it does
// not escape the value, so %, _ and \ have their meaning in a pattern.
func patternOf(operator, value string) (string, bool) {
	switch operator {
	case "contains":
		return "%" + value + "%", true
	case "starts_with":
		return value + "%", true
	case "ends_with":
		return "%" + value, true
	}
	return "", false
}

// indexedNameSQL is what the indexes of migration 9 have of a name.
const indexedNameSQL = "left(u.name, 256)"

// isIndexedPrefix reports whether indexedNameSQL begins with value if the name does: value is short and has no
// character with a meaning in a pattern.
func isIndexedPrefix(value string) bool {
	return len(value) <= 256 && !strings.ContainsAny(value, `%_\`)
}

// conditionSQL returns the SQL of a condition, whose value is the argument $number, and the argument. It returns
// ErrInvalid if the column does not exist or the operator cannot be used with it. The SQL has no text of the client.
func (s *Store) conditionSQL(c UserCondition, number int) (sql string, arg any, err error) {
	typ, ok := s.columnType(c.Column)
	isList := c.Operator == "in" || c.Operator == "not_in"
	if !ok || len(c.Values) != 1 && !isList {
		return "", nil, ErrInvalid
	}
	column := "u." + pgx.Identifier{c.Column}.Sanitize()
	if isList {
		return column + " " + comparisonSQL[c.Operator] + strconv.Itoa(number) + "::text[]::" + typ + "[])", c.Values, nil
	}
	if pattern, ok := patternOf(c.Operator, c.Values[0]); ok {
		if typ != "text" {
			return "", nil, ErrInvalid
		}
		sql := column + " LIKE $" + strconv.Itoa(number) + "::text"
		if c.Column == "name" && c.Operator == "starts_with" && isIndexedPrefix(c.Values[0]) {
			sql += " AND " + indexedNameSQL + " LIKE $" + strconv.Itoa(number) + "::text"
		}
		return sql, pattern, nil
	}
	comparison, ok := comparisonSQL[c.Operator]
	if !ok {
		return "", nil, ErrInvalid
	}
	value := c.Values[0]
	if typ == "boolean" { // Better Auth takes every other text for false
		value = strconv.FormatBool(value == "true")
	}
	sql = column + " " + comparison + strconv.Itoa(number) + "::text::" + typ
	if c.Column == "name" && c.Operator == "eq" {
		sql += " AND " + indexedNameSQL + " = left($" + strconv.Itoa(number) + "::text, 256)"
	}
	return sql, value, nil
}

// whereSQL returns the WHERE clause of the conditions, "" without any, and its arguments.
func (s *Store) whereSQL(conditions []UserCondition) (sql string, args []any, err error) {
	var all []string
	for _, c := range conditions {
		sql, arg, err := s.conditionSQL(c, len(args)+1)
		if err != nil {
			return "", nil, err
		}
		all, args = append(all, sql), append(args, arg)
	}
	if len(all) == 0 {
		return "", nil, nil
	}
	return " WHERE " + strings.Join(all, " AND "), args, nil
}
