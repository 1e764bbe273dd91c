package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// UserList says which users ListUsers returns.
type UserList struct {
	Conditions []UserCondition // all must hold
	SortBy     string          // a column; "" sorts by id
	Descending bool
	Limit      int64
	Offset     int64
}

// UserCondition compares a column of "user" with a value.
type UserCondition struct {
	Column   string
	Operator string   // eq, ne, lt, lte, gt, gte, in, not_in, contains, starts_with or ends_with
	Values   []string // one value, or any number for in and not_in
}

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
	return column + " " + comparison + strconv.Itoa(number) + "::text::" + typ, value, nil
}

// ListUsers returns a page of users, and the number of all users who fulfil the conditions. It returns ErrInvalid if a
// column does not exist, or a value does not fit.
func (s *Store) ListUsers(ctx context.Context, list UserList) (page []User, total int64, err error) {
	var conditions []string
	var args []any
	for _, c := range list.Conditions {
		sql, arg, err := s.conditionSQL(c, len(args)+1)
		if err != nil {
			return nil, 0, err
		}
		conditions, args = append(conditions, sql), append(args, arg)
	}
	order := "u.id"
	if _, ok := s.columnType(list.SortBy); ok {
		order = "u." + pgx.Identifier{list.SortBy}.Sanitize()
	} else if list.SortBy != "" {
		return nil, 0, ErrInvalid
	}
	if list.SortBy == "name" {
		order = indexedNameSQL + ", " + order
	}
	if list.Descending {
		order = strings.ReplaceAll(order, ", u", " DESC, u") + " DESC"
	}
	where := ""
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	paging := fmt.Sprintf(" ORDER BY %s, u.id LIMIT $%d OFFSET $%d", order, len(args)+1, len(args)+2)
	page, err = readUncached(ctx, s, s.scanUser,
		`SELECT `+readUserSQL+` FROM "user" u`+where+paging, append(slices.Clone(args), list.Limit, list.Offset)...)
	if err != nil {
		return nil, 0, err
	}
	totals, err := readUncached(ctx, s, pgx.RowTo[int64], `SELECT count(*) FROM "user" u`+where, args...)
	if err != nil {
		return nil, 0, err
	}
	return page, totals[0], nil
}

// readUncached is like readRows, for statements of which there are too many to cache their texts. It returns ErrInvalid
// for an argument that Postgres rejects.
func readUncached[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	var out []T
	collect := func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, scan)
		return err
	}
	err := s.readWithCharges(ctx, s.takePending(), &query{s.completeText(sql), convertTimesToUTC(args), collect})
	return out, err
}
