package bench

import (
	"slices"

	"github.com/xenon-auth/xenon/shared/store"
)

// listQueries returns the lists that the site's page asks for, and others that the API allows, for n users.
func listQueries(n int) (all []listQuery) {
	for _, column := range []string{
		"createdAt", "email", "name", "id", "updatedAt", "role", "banned", "emailVerified",
		"image", "banReason", "banExpires", "twoFactorEnabled",
	} {
		for _, descending := range []bool{false, true} {
			name := "sort " + column + map[bool]string{true: " desc"}[descending]
			isIndexed := slices.Contains([]string{"createdAt", "email", "name", "id"}, column)
			all = append(all, listQuery{name, store.UserList{SortBy: column, Descending: descending}, isIndexed})
		}
	}
	newest := func(name string, byIndex bool, conditions ...store.UserCondition) {
		list := store.UserList{SortBy: "createdAt", Descending: true, Conditions: conditions}
		all = append(all, listQuery{name, list, byIndex})
	}
	for _, column := range []string{"email", "name"} {
		newest(column+" starts_with zoe (10 users)", true, condition(column, "starts_with", "zoe"))
		newest(column+" contains oe1 (few users)", false, condition(column, "contains", "oe1"))
		newest(column+" contains person (all)", true, condition(column, "contains", "person"))
		newest(column+" ends_with none (0 users)", false, condition(column, "ends_with", "none"))
		newest(column+" eq (1 user)", true, condition(column, "eq", "zoe1@example.com"))
	}
	newest("role contains admin (5 users)", true, condition("role", "contains", "admin"))
	newest("banned eq true (100 users)", true, condition("banned", "eq", "true"))
	newest("emailVerified eq false (a tenth)", true, condition("emailVerified", "eq", "false"))
	newest("banned and contains oe1", true, condition("banned", "eq", "true"), condition("email", "contains", "oe1"))
	newest("id eq (1 user)", true, condition("id", "eq", "c4ca4238-a0b9-2382-0dcc-509a6f75849b"))
	newest("id in (2 users)", true, store.UserCondition{Column: "id", Operator: "in", Values: []string{
		"c4ca4238-a0b9-2382-0dcc-509a6f75849b", "c81e728d-9d4c-2f63-6f06-7f89cc14862c",
	}})
	newest("email ne", true, condition("email", "ne", "zoe1@example.com"))
	newest("createdAt gt (the newest 50)", true, condition("createdAt", "gt", "2026-10-31T23:59:10Z"))
	newest("createdAt lte (nearly all)", true, condition("createdAt", "lte", "2026-10-31T23:59:10Z"))
	newest("updatedAt gte (all)", true, condition("updatedAt", "gte", "2026-10-31T23:59:10Z"))
	return append(all, laterPages(n)...)
}

// laterPages returns pages of n users after the first.
func laterPages(n int) []listQuery {
	last, middle := int64(n-listPageSize), int64(n/2-listPageSize)
	return []listQuery{
		{"page 2", store.UserList{SortBy: "createdAt", Descending: true, Offset: listPageSize}, true},
		{"page 26", store.UserList{SortBy: "createdAt", Descending: true, Offset: 25 * listPageSize}, true},
		{"last page", store.UserList{SortBy: "createdAt", Descending: true, Offset: last}, false},
		{"last page by name", store.UserList{SortBy: "name", Offset: last}, false},
		{"page in the middle", store.UserList{SortBy: "createdAt", Descending: true, Offset: middle}, false},
	}
}

func condition(column, operator, value string) store.UserCondition {
	return store.UserCondition{Column: column, Operator: operator, Values: []string{value}}
}
