package store

import (
	"context"
	"fmt"
	"slices"
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

// farOffset is an offset from which ListUsers counts the users first, because it may read the page from the other end.
const farOffset = 1000

// ListUsers returns a page of users, and the number of all users who fulfil the conditions. It returns ErrInvalid if a
// column does not exist, or a value does not fit.
func (s *Store) ListUsers(ctx context.Context, list UserList) (page []User, total int64, err error) {
	if list.Offset >= farOffset || slices.ContainsFunc(list.Conditions, UserCondition.needsScan) {
		return s.listCountedUsers(ctx, list)
	}
	if page, err = s.PageOfUsers(ctx, list); err != nil {
		return nil, 0, err
	}
	// A page that is not full is the last one, and its end is the number of users.
	if n := int64(len(page)); n < list.Limit && (n > 0 || list.Offset == 0) {
		return page, list.Offset + n, nil
	}
	total, err = s.CountUsers(ctx, list.Conditions)
	return page, total, err
}

// listCountedUsers is ListUsers for lists that Postgres reads faster if their number of users is known. It reads a page
// of the second half from the end, so that the last pages take as little time as the first. And it searches the whole
// table for few users: in the order of an index that takes ten times as long.
func (s *Store) listCountedUsers(ctx context.Context, list UserList) (page []User, total int64, err error) {
	if _, err := s.orderSQL(list, false); err != nil {
		return nil, 0, err
	}
	total, err = s.CountUsers(ctx, list.Conditions)
	if err != nil || list.Offset >= total {
		return []User{}, total, err
	}
	plan := pagePlan{fromEnd: list.Offset > total/2}
	if plan.fromEnd {
		list.Limit = min(list.Limit, total-list.Offset)
		list.Offset = total - list.Offset - list.Limit
	}
	plan.filterFirst = len(list.Conditions) > 0 && total < 20*(list.Offset+list.Limit)
	page, err = s.pageOfUsers(ctx, list, plan)
	if plan.fromEnd {
		slices.Reverse(page)
	}
	return page, total, err
}

// PageOfUsers returns a page of users, with the errors of ListUsers.
func (s *Store) PageOfUsers(ctx context.Context, list UserList) ([]User, error) {
	return s.pageOfUsers(ctx, list, pagePlan{})
}

// CountUsers returns the number of users who fulfil the conditions, with the errors of ListUsers.
func (s *Store) CountUsers(ctx context.Context, conditions []UserCondition) (int64, error) {
	where, args, err := s.whereSQL(conditions)
	if err != nil {
		return 0, err
	}
	totals, err := readPlanned(ctx, s, pgx.RowTo[int64], `SELECT count(*) FROM "user" u`+where, args)
	if err != nil {
		return 0, err
	}
	return totals[0], nil
}

// pagePlan says how Postgres reads a page of users.
type pagePlan struct {
	fromEnd     bool // the page is that of the reversed list
	filterFirst bool // the users who fulfil the conditions are found first, and then sorted
}

func (s *Store) pageOfUsers(ctx context.Context, list UserList, plan pagePlan) ([]User, error) {
	sql, args, err := s.pageSQL(list, plan)
	if err != nil {
		return nil, err
	}
	return readPlanned(ctx, s, s.scanUser, sql, args)
}

// pageSQL returns the statement of pageOfUsers and its arguments.
func (s *Store) pageSQL(list UserList, plan pagePlan) (sql string, args []any, err error) {
	where, args, err := s.whereSQL(list.Conditions)
	if err != nil {
		return "", nil, err
	}
	order, err := s.orderSQL(list, plan.fromEnd)
	if err != nil {
		return "", nil, err
	}
	from := `"user" u` + where
	if plan.filterFirst { // Postgres does not move conditions or an order across OFFSET
		from = `(SELECT * FROM ` + from + ` OFFSET 0) u`
	}
	paging := fmt.Sprintf(" LIMIT $%d OFFSET $%d", len(args)+1, len(args)+2)
	return `SELECT ` + readUserSQL + ` FROM ` + from + order + paging, append(args, list.Limit, list.Offset), nil
}

// orderSQL returns the ORDER BY clause of a list, or with fromEnd that of the reversed list.
func (s *Store) orderSQL(list UserList, fromEnd bool) (string, error) {
	keys := []string{"u.id"}
	if _, ok := s.columnType(list.SortBy); ok {
		keys = []string{"u." + pgx.Identifier{list.SortBy}.Sanitize()}
	} else if list.SortBy != "" {
		return "", ErrInvalid
	}
	if list.SortBy == "name" {
		keys = append([]string{indexedNameSQL}, keys...)
	}
	for i := range keys {
		keys[i] += directionSQL(list.Descending != fromEnd)
	}
	return " ORDER BY " + strings.Join(keys, ", ") + ", u.id" + directionSQL(fromEnd), nil
}

func directionSQL(descending bool) string {
	if descending {
		return " DESC"
	}
	return ""
}

// readPlanned is like readRows, for the statements of lists. There are too many of them to cache their texts, and the
// best plan depends on their arguments. It returns ErrInvalid for an argument that Postgres rejects.
func readPlanned[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args []any) ([]T, error) {
	var out []T
	collect := func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, scan)
		return err
	}
	q := &query{sql: s.completeText(sql), args: convertTimesToUTC(args), scan: collect, planned: true}
	err := s.readWithCharges(ctx, s.takePending(), q)
	return out, err
}
