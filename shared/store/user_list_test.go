package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/store"
)

// Texts of the client that look like SQL are values, never a part of the statement.
func TestListUsersTakesNoSQLFromItsArguments(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1).UsePlugins(config.Plugins{Admin: true})
	signUp(t, db, "ada@example.com")
	const attack = `id" = id OR 1=1; DROP TABLE "user"; --`
	for _, list := range []store.UserList{
		{SortBy: attack, Limit: 5},
		{SortBy: `id; SELECT 1`, Limit: 5},
		{SortBy: "password", Limit: 5},
		{Conditions: []store.UserCondition{{Column: attack, Operator: "eq", Values: []string{"x"}}}, Limit: 5},
		{Conditions: []store.UserCondition{{Column: "name", Operator: attack, Values: []string{"x"}}}, Limit: 5},
		{Conditions: []store.UserCondition{{Column: "createdAt", Operator: "lt", Values: []string{attack}}}, Limit: 5},
		{Conditions: []store.UserCondition{{Column: "twoFactorEnabled", Operator: "eq", Values: []string{"true"}}}, Limit: 5},
		{Limit: -1},
	} {
		if page, _, err := db.ListUsers(t.Context(), list); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("ListUsers(%+v): got %d users and the error %v, want ErrInvalid", list, len(page), err)
		}
	}
	for _, operator := range []string{"eq", "contains", "starts_with", "ends_with", "in", "not_in"} {
		list := store.UserList{Limit: 5, Conditions: []store.UserCondition{
			{Column: "name", Operator: operator, Values: []string{`' OR '1'='1`}},
		}}
		want := map[bool]int64{true: 1}[operator == "not_in"]
		if _, total, err := db.ListUsers(t.Context(), list); err != nil || total != want {
			t.Errorf("ListUsers with %s and a quote: got %d users and the error %v, want %d", operator, total, err, want)
		}
	}
}

// Long names can be stored, sorted and found, although an index entry may not be that long.
func TestListUsersSortsAndFindsLongNames(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1).UsePlugins(config.Plugins{Admin: true})
	long := strings.Repeat("long", 2000)
	for email, name := range map[string]string{"b@example.com": long + "b", "a@example.com": long + "a"} {
		_, err := db.SignUp(t.Context(), store.NewUser{Name: name, Email: email, At: testTime}, newSession(email, testTime))
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, descending := range []bool{false, true} {
		list := store.UserList{SortBy: "name", Descending: descending, Limit: 5, Conditions: []store.UserCondition{
			{Column: "name", Operator: "starts_with", Values: []string{"long"}},
		}}
		page, total, err := db.ListUsers(t.Context(), list)
		if err != nil || total != 2 || (page[0].Email == "b@example.com") != descending {
			t.Errorf("users sorted by name, descending %v: got %v and the error %v, want both, sorted", descending, page, err)
		}
	}
}

// With many users Postgres reads a page, or the matches of a prefix, from an index.
func TestListsOfUsersUseAnIndex(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	conn := connectTo(t, url)
	for _, sql := range []string{
		`INSERT INTO "user" (name, email, "emailVerified", "createdAt")
			SELECT 'name ' || md5(n::text), md5(n::text) || '@example.com', false, now() - n * interval '1 second'
			FROM generate_series(1, 50000) n`,
		`ANALYZE "user"`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for query, index := range map[string]string{
		`ORDER BY u."createdAt", u.id LIMIT 50`:                                             "user_createdAt_idx",
		`ORDER BY u."createdAt" DESC, u.id LIMIT 50`:                                        "user_createdAt_idx",
		`ORDER BY u.email, u.id LIMIT 50`:                                                   "user_email_key",
		`ORDER BY left(u.name, 256), u.name, u.id LIMIT 50`:                                 "user_name_idx",
		`WHERE u.email LIKE 'abc%'`:                                                         "user_email_pattern_idx",
		`WHERE u.name LIKE 'name abc%' AND left(u.name, 256) LIKE 'name abc%'`:              "user_name_pattern_idx",
		`WHERE u."createdAt" > now() - interval '9 seconds' ORDER BY u."createdAt" LIMIT 5`: "user_createdAt_idx",
	} {
		rows, err := conn.Query(t.Context(), `EXPLAIN SELECT u.* FROM "user" u `+query)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan := strings.Join(lines, "\n")
		if err != nil || !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan") {
			t.Errorf("plan of %s: got the error %v and\n%s\nwant the index %s", query, err, plan, index)
		}
	}
}
