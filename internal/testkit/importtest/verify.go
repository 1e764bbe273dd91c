package importtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Connect returns a connection on which Postgres writes times in UTC and in ISO format.
func Connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err == nil {
		_, err = c.Exec(t.Context(), "set timezone = 'UTC'; set datestyle = 'ISO, YMD'")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// ForEachRow scans each row of a query into the variables and then calls f.
func ForEachRow(t *testing.T, c *pgx.Conn, sql string, into []any, f func()) {
	t.Helper()
	r, err := c.Query(t.Context(), sql)
	if err == nil {
		_, err = pgx.ForEachRow(r, into, func() error { f(); return nil })
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// ExecWithoutTriggers disables triggers on the connection and executes statements. $1 in a statement is the id. Each
// statement must change exactly one row.
func ExecWithoutTriggers(t *testing.T, c *pgx.Conn, id string, statements ...string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), "set session_replication_role = replica"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range statements {
		tag, err := c.Exec(t.Context(), sql, id)
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("%s: changed %d rows with the error %v, want 1 row", sql, tag.RowsAffected(), err)
		}
	}
}

// OrdinaryUsers returns the ids of at least n users of the target who have a password, a Google account, no other
// account, a name of at least four characters and a profile with time_per_week. It also returns the ids of their Google
// accounts.
func OrdinaryUsers(t *testing.T, c *pgx.Conn, n int) (users, accounts []string) {
	t.Helper()
	var user, account string
	ForEachRow(
		t,
		c,
		`select u.id::text, a.id::text from "user" u join account a on a."userId" = u.id and a."providerId" = 'google'
			join account k on k.id = u.id
join user_profile p on p.user_id = u.id and p.time_per_week is not null
where length(u.name) > 3 and (select count(*) from account o where o."userId" = u.id) = 2 order by md5(u.id::text)`,
		[]any{&user, &account},
		func() {
			users, accounts = append(users, user), append(accounts, account)
		},
	)
	if len(users) < n {
		t.Fatalf("users of the target with a password, a Google account and a profile: got %d, want at least %d",
			len(users), n)
	}
	return users, accounts
}
