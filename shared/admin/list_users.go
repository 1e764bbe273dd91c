package admin

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// defaultPageSize is the number of users on a page if the request has no limit.
const defaultPageSize = 100

type listUsersRequest struct {
	SearchValue    *string `json:"searchValue"`
	SearchField    *string `json:"searchField" check:"enum=email|name"`
	SearchOperator *string `json:"searchOperator" check:"enum=contains|starts_with|ends_with"`
	Limit          *string `json:"limit" check:"choice"`
	Offset         *string `json:"offset" check:"choice"`
	SortBy         *string `json:"sortBy"`
	SortDirection  *string `json:"sortDirection" check:"enum=asc|desc"`
	FilterField    *string `json:"filterField"`
	FilterValue    any     `json:"filterValue" check:"optional texts"`
	FilterOperator *string `json:"filterOperator" check:"enum=eq|ne|lt|lte|gt|gte|in|not_in|contains|starts_with|ends_with"`
}

type listUsersReply struct {
	Users  []store.User `json:"users"`
	Total  int64        `json:"total"`
	Limit  *int64       `json:"limit,omitempty"`
	Offset *int64       `json:"offset,omitempty"`
}

// listUsers answers GET /api/auth/admin/list-users with a page of users. Like Better Auth it returns an empty page if
// the query cannot be run, for example because a column does not exist.
func (s *Service) listUsers(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in listUsersRequest
	if err := web.DecodeQuery(r, &in); err != nil {
		return err
	}
	if _, err := s.requireRight(w, r, db, "user", "list", errListDenied); err != nil {
		return err
	}
	list, reply, ok := in.userList()
	if !ok {
		return web.WriteJSON(w, http.StatusOK, listUsersReply{Users: []store.User{}})
	}
	var err error
	reply.Users, reply.Total, err = s.users(db).List(r.Context(), list)
	switch {
	case errors.Is(err, store.ErrInvalid):
		return web.WriteJSON(w, http.StatusOK, listUsersReply{Users: []store.User{}})
	case err != nil:
		return changeError(r, "list users", err)
	}
	return web.WriteJSON(w, http.StatusOK, reply)
}

// userList returns the query that a request describes, and a reply with its limit and offset. ok is false if limit or
// offset cannot be used.
func (in listUsersRequest) userList() (list store.UserList, reply listUsersReply, ok bool) {
	list = store.UserList{
		SortBy: web.OrEmpty(in.SortBy), Descending: web.OrEmpty(in.SortDirection) == "desc", Limit: defaultPageSize,
	}
	if value := web.OrEmpty(in.SearchValue); value != "" {
		list.Conditions = append(list.Conditions, store.UserCondition{
			Column: orDefault(in.SearchField, "email"), Operator: orDefault(in.SearchOperator, "contains"),
			Values: []string{value},
		})
	}
	if c, given := in.filter(); given {
		list.Conditions = append(list.Conditions, c)
	}
	limit, okLimit := wholeNumber(in.Limit)
	offset, okOffset := wholeNumber(in.Offset)
	if limit != 0 {
		list.Limit, reply.Limit = limit, &limit
	}
	if offset != 0 {
		list.Offset, reply.Offset = offset, &offset
	}
	return list, reply, okLimit && okOffset
}

// filter returns the filter, and whether the request has one.
func (in listUsersRequest) filter() (c store.UserCondition, given bool) {
	c = store.UserCondition{Column: orDefault(in.FilterField, "email"), Operator: orDefault(in.FilterOperator, "eq")}
	switch value := in.FilterValue.(type) {
	case string:
		c.Values = []string{value}
		if c.Operator == "in" { // Better Auth demands a list
			c.Operator = ""
		}
	case []any:
		for _, item := range value {
			text, _ := item.(string)
			c.Values = append(c.Values, text)
		}
	default:
		return c, false
	}
	return c, true
}

func orDefault(text *string, fallback string) string {
	if value := web.OrEmpty(text); value != "" {
		return value
	}
	return fallback
}

// wholeNumber returns the number that Number(text) is in JavaScript, or 0 if it is none. ok is false for a number that
// a query cannot use: one that is negative, not whole or too large.
func wholeNumber(text *string) (n int64, ok bool) {
	trimmed := strings.TrimSpace(web.OrEmpty(text))
	f, err := strconv.ParseFloat(trimmed, 64)
	isNumber := err == nil && !strings.ContainsAny(trimmed, "_xXpPnN") || trimmed == "Infinity" || trimmed == "-Infinity"
	if n, err := strconv.ParseInt(trimmed, 0, 64); err == nil && len(trimmed) > 2 && isLetter(trimmed[1]) {
		f, isNumber = float64(n), !strings.Contains(trimmed, "_") // such as 0x10
	}
	switch {
	case !isNumber:
		return 0, true
	case f < 0 || f != math.Trunc(f) || f > math.MaxInt32:
		return 0, false
	}
	return int64(f), true
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
