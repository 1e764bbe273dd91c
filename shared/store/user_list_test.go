package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// A page at any offset has the users that a list of all users has there, also if it was read from the end, and the
// total is right.
func TestListUsersReturnsTheSamePagesFromBothEnds(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1).UsePlugins(config.Plugins{Admin: true})
	dbtest.Exec(t, url, `
		INSERT INTO "user" (name, email, "emailVerified", "createdAt", role, banned)
		SELECT 'name ' || n % 50, 'n' || n || '@example.com', n % 3 = 0, '2026-01-01'::timestamptz + n % 7 * interval '1 day',
		       CASE WHEN n % 5 > 0 THEN 'user' END, CASE WHEN n % 4 > 0 THEN n % 4 = 1 END
		FROM generate_series(1, 2500) n`)
	for _, list := range []store.UserList{
		{},
		{Descending: true},
		{SortBy: "createdAt"},
		{SortBy: "createdAt", Descending: true},
		{SortBy: "name"},
		{SortBy: "name", Descending: true},
		{SortBy: "role"},
		{SortBy: "role", Descending: true},
		{SortBy: "banned"},
		{SortBy: "email", Conditions: []store.UserCondition{
			{Column: "role", Operator: "eq", Values: []string{"user"}},
		}},
		{SortBy: "createdAt", Descending: true, Conditions: []store.UserCondition{
			{Column: "email", Operator: "ends_with", Values: []string{"example.com"}},
		}},
	} {
		list.Limit = 5000
		all, total, err := db.ListUsers(t.Context(), list)
		if err != nil || total != int64(len(all)) || total < 2000 {
			t.Fatalf("all users of %+v: got %d users, the total %d and the error %v, want the same number", list, len(all),
				total, err)
		}
		for _, offset := range []int64{
			0, 990, 1000, 1001, total/2 - 1, total / 2, total/2 + 1, total - 20, total - 19,
			total - 1, total, total + 1, 9999,
		} {
			list.Limit, list.Offset = 20, offset
			page, got, err := db.ListUsers(t.Context(), list)
			from, to := min(offset, total), min(offset+20, total)
			if diff := cmp.Diff(all[from:to], page); diff != "" || got != total || err != nil {
				t.Errorf("page at %d of %+v: got the total %d and the error %v, want %d (-want +got):\n%s", offset, list, got,
					err, total, diff)
			}
		}
	}
}

// If a page is the last one, its end is the total, and no statement counts the users.
func TestListUsersCountsOnlyIfItMust(t *testing.T) {
	t.Parallel()
	wire := &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, dbtest.New(t), 1, wire).UsePlugins(config.Plugins{Admin: true})
	for _, name := range []string{"ada", "bo", "cy"} {
		signUp(t, db, name+"@example.com")
	}
	for _, c := range []struct{ limit, offset, users, trips int64 }{
		{5, 0, 3, 1}, {5, 1, 2, 1}, {5, 2, 1, 1}, // the end of the list
		{3, 0, 3, 2}, {2, 0, 2, 2}, {2, 1, 2, 2}, // there may be more users
		{5, 3, 0, 2}, {5, 9, 0, 2}, {5, 1000, 0, 1}, // the page says nothing of the users before it
	} {
		before := wire.RoundTrips()
		page, total, err := db.ListUsers(t.Context(), store.UserList{Limit: c.limit, Offset: c.offset})
		trips := int64(wire.RoundTrips() - before)
		if err != nil || total != 3 || int64(len(page)) != c.users || trips != c.trips {
			t.Errorf("limit %d, offset %d: got %d users, the total %d, %d round trips and the error %v, want %d users, 3, %d",
				c.limit, c.offset, len(page), total, trips, err, c.users, c.trips)
		}
	}
}

// A search that finds few users reads the table once, and not in the order of the list, in which it would read each row
// on its own.
func TestListUsersFindsFewUsersInAnyOrder(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1).UsePlugins(config.Plugins{Admin: true})
	for _, name := range []string{"ada", "bo", "adam"} {
		signUp(t, db, name+"@example.com")
	}
	list := store.UserList{SortBy: "email", Descending: true, Limit: 5, Conditions: []store.UserCondition{
		{Column: "email", Operator: "contains", Values: []string{"da"}},
	}}
	page, total, err := db.ListUsers(t.Context(), list)
	var emails []string
	for _, u := range page {
		emails = append(emails, u.Email)
	}
	if diff := cmp.Diff([]string{"adam@example.com", "ada@example.com"}, emails); diff != "" || total != 2 || err != nil {
		t.Errorf("emails that contain da: got the total %d and the error %v, want 2 (-want +got):\n%s", total, err, diff)
	}
	sql, args, err := store.FilterFirstStatement(db, list)
	if err != nil {
		t.Fatal(err)
	}
	if plan, err := store.Explain(t.Context(), db, sql, args...); err != nil || !strings.Contains(plan, "Sort") {
		t.Errorf("plan of a search that finds few users: got the error %v and\n%s\nwant a sort after the search", err, plan)
	}
}

// However often a list was read, Postgres plans it for its values: an index can help one value and not another.
func TestListsOfUsersArePlannedForTheirValues(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1).UsePlugins(config.Plugins{Admin: true})
	list := store.UserList{Limit: 5, Conditions: []store.UserCondition{
		{Column: "email", Operator: "starts_with", Values: []string{"ada"}},
	}}
	for range 40 {
		if _, _, err := db.ListUsers(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	names, err := store.PreparedStatements(t.Context(), db)
	if err != nil || len(names) != 0 {
		t.Errorf("prepared statements after 40 lists: got %q and the error %v, want none", names, err)
	}
}

// With many users Postgres reads a page, from both ends, or the matches of a condition, from an index.
func TestListsOfUsersUseAnIndex(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	db := openStore(t, url, 1).UsePlugins(config.Plugins{Admin: true})
	dbtest.Exec(t, url, `
		INSERT INTO "user" (name, email, "emailVerified", "createdAt", role, banned)
		SELECT 'name ' || md5(n::text), md5(n::text) || '@example.com', n % 100 > 0, now() - n * interval '1 second',
		       CASE WHEN n % 10000 > 0 THEN 'user' ELSE 'admin' END, CASE WHEN n % 1000 = 0 THEN true END
		FROM generate_series(1, 50000) n`)
	dbtest.Exec(t, url, `ANALYZE "user"`)
	where := func(column, operator, value string) []store.UserCondition {
		return []store.UserCondition{{Column: column, Operator: operator, Values: []string{value}}}
	}
	recently := time.Now().Add(-9 * time.Second).Format(time.RFC3339)
	for _, c := range []struct {
		list  store.UserList
		index string
	}{
		{store.UserList{}, "user_pkey"},
		{store.UserList{SortBy: "createdAt"}, "user_createdAt_idx"},
		{store.UserList{SortBy: "email"}, "user_email_key"},
		{store.UserList{SortBy: "name"}, "user_name_idx"},
		{store.UserList{Conditions: where("email", "starts_with", "abc")}, "user_email_pattern_idx"},
		{store.UserList{Conditions: where("name", "starts_with", "name abc")}, "user_name_pattern_idx"},
		{store.UserList{Conditions: where("email", "eq", "a@example.com")}, "user_email_"},
		{store.UserList{Conditions: where("name", "eq", "name abc")}, "user_name_"},
		{store.UserList{SortBy: "createdAt", Conditions: where("createdAt", "gt", recently)}, "user_createdAt_idx"},
		{store.UserList{SortBy: "createdAt", Conditions: where("role", "contains", "admin")}, "user_admins_idx"},
		{store.UserList{SortBy: "createdAt", Conditions: where("banned", "eq", "true")}, "user_banned_idx"},
		{store.UserList{SortBy: "createdAt", Conditions: where("emailVerified", "eq", "false")}, "user_unverified_idx"},
	} {
		for i := range 4 {
			c.list.Descending, c.list.Limit = i%2 == 1, 50
			sql, args, err := store.PageStatement(db, c.list, i > 1)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := store.Explain(t.Context(), db, sql, args...)
			if err != nil || !strings.Contains(plan, c.index) || strings.Contains(plan, "Seq Scan") {
				t.Errorf("plan of %+v: got the error %v and\n%s\nwant the index %s", c.list, err, plan, c.index)
			}
		}
	}
}
