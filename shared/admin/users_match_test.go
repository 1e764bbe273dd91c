package admin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/store"
)

// newUsers returns the operations on the users of a database, which has root@example.com and ada@example.com.
func newUsers(t *testing.T) (u admin.Users, url string) {
	t.Helper()
	url = dbtest.New(t)
	dbtest.Exec(t, url, `
		INSERT INTO "user" (name, email, "emailVerified", "createdAt", "updatedAt")
		SELECT n, n || '@example.com', true, now(), now() FROM unnest(ARRAY['root', 'ada']) n`)
	db := store.Open(dbtest.FixedURL(url), 1).UsePlugins(config.Plugins{Admin: true})
	t.Cleanup(db.Close)
	return admin.Users{DB: db, Now: time.Now}, url
}

func TestLastAdministratorIsFoundByRoleAndSetting(t *testing.T) {
	t.Parallel()
	u, url := newUsers(t)
	ada := dbtest.Value[string](t, url, `SELECT id::text FROM "user" WHERE name = 'ada'`)
	const unknown = "44444444-4444-4444-8444-444444444444"
	for _, c := range []struct {
		name   string
		root   string // columns of the user root
		ada    string
		listed []string
		isLast bool
	}{
		{"no administrator", `role = NULL`, `role = NULL`, nil, false},
		{"one", `role = 'admin'`, `role = 'user'`, nil, true},
		{"one of several roles", `role = 'editor,admin'`, `role = NULL`, nil, true},
		{"two", `role = 'admin'`, `role = 'user,admin'`, nil, false},
		{"a role with another name", `role = 'admin'`, `role = 'administrator,not admin'`, nil, true},
		{"one in the setting", `role = 'admin'`, `role = NULL`, []string{ada}, false},
		{"an id in the setting without a user", `role = 'admin'`, `role = NULL`, []string{unknown}, true},
		{"the other one is banned", `role = 'admin'`, `role = 'admin', banned = true`, nil, true},
		{
			"the ban has ended", `role = 'admin'`, `role = 'admin', banned = true, "banExpires" = now() - interval '1 day'`, nil,
			false,
		},
		{"the other one in the setting is banned", `role = 'admin'`, `role = NULL, banned = true`, []string{ada}, true},
	} {
		dbtest.Exec(t, url, `UPDATE "user" SET banned = NULL, "banExpires" = NULL`)
		dbtest.Exec(t, url, `UPDATE "user" SET `+c.root+` WHERE name = 'root'`)
		dbtest.Exec(t, url, `UPDATE "user" SET `+c.ada+` WHERE name = 'ada'`)
		root, err := u.Match(t.Context(), "root@example.com")
		if err != nil {
			t.Fatal(err)
		}
		err = u.CheckNotLastAdministrator(t.Context(), root, c.listed)
		if isLast := errors.Is(err, admin.ErrLastAdministrator); isLast != c.isLast || !isLast && err != nil {
			t.Errorf("%s: got %v, want that the user is the last administrator: %v", c.name, err, c.isLast)
		}
		_, err = u.BanUnlessLast(t.Context(), root.ID, "spam", time.Time{}, c.listed)
		isBanned := dbtest.Value[bool](t, url, `SELECT banned IS TRUE FROM "user" WHERE name = 'root'`)
		if isLast := errors.Is(err, admin.ErrLastAdministrator); isLast != c.isLast || isBanned == c.isLast {
			t.Errorf("%s: ban: got %v, and the user is banned: %v; want a refusal: %v", c.name, err, isBanned, c.isLast)
		}
	}
}

func TestOnlyTheLastAdministratorIsKept(t *testing.T) {
	t.Parallel()
	u, url := newUsers(t)
	dbtest.Exec(t, url, `UPDATE "user" SET role = 'admin' WHERE name = 'root'`)
	ids := map[string]string{"unknown": "44444444-4444-4444-8444-444444444444", "no id": "ada"}
	for _, name := range []string{"root", "ada"} {
		ids[name] = dbtest.Value[string](t, url, `SELECT id::text FROM "user" WHERE name = $1`, name)
	}
	for name, want := range map[string]error{
		"root": admin.ErrLastAdministrator, "ada": nil, "unknown": store.ErrNotFound, "no id": store.ErrNotFound,
	} {
		if _, err := u.BanUnlessLast(t.Context(), ids[name], "spam", time.Time{}, nil); !errors.Is(err, want) {
			t.Errorf("ban of %s: got %v, want %v", name, err, want)
		}
		if err := u.RemoveUnlessLast(t.Context(), ids[name], nil); !errors.Is(err, want) {
			t.Errorf("deletion of %s: got %v, want %v", name, err, want)
		}
	}
	const notBanned = `SELECT string_agg(name, ' ') FROM "user" WHERE banned IS NOT TRUE`
	if left := dbtest.Value[string](t, url, notBanned); left != "root" {
		t.Errorf("users who are left: got %q, want root", left)
	}
}

// Another server can store emails that differ only in case. Then an email in another case names no single user.
func TestMatchFindsOneUserByIDOrEmail(t *testing.T) {
	t.Parallel()
	u, url := newUsers(t)
	dbtest.Exec(t, url, `
		INSERT INTO "user" (name, email, "emailVerified", "createdAt", "updatedAt")
		VALUES ('Ada', 'ADA@example.com', true, now(), now())`)
	root := dbtest.Value[string](t, url, `SELECT id::text FROM "user" WHERE name = 'root'`)
	for _, c := range []struct {
		text       string
		want       string // the email of the user, or "" for an error
		candidates int    // of an AmbiguousError
	}{
		{"root@example.com", "root@example.com", 0},
		{"Root@Example.com", "root@example.com", 0},
		{root, "root@example.com", 0},
		{"ada@example.com", "ada@example.com", 0},
		{"ADA@example.com", "", 2},
		{"root@example", "", 1},
		{"EXAMPLE", "", 3},
		{"%", "", 0},
		{"a_a", "", 0},
		{"\x00", "", 0},
		{"44444444-4444-4444-8444-444444444444", "", 0},
	} {
		user, err := u.Match(t.Context(), c.text)
		var ambiguous *admin.AmbiguousError
		candidates := 0
		if errors.As(err, &ambiguous) {
			candidates = len(ambiguous.Candidates)
		}
		isMissing := errors.Is(err, store.ErrNotFound)
		if user.Email != c.want || candidates != c.candidates || isMissing != (c.want == "" && c.candidates == 0) {
			t.Errorf("Match(%q): got %q, %d candidates, %v; want %q, %d candidates", c.text, user.Email, candidates, err, c.want,
				c.candidates)
		}
	}
}
