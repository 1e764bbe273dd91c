package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
)

var bothPlugins = config.Plugins{TwoFactor: true, Admin: true}

func TestStatementsAreUnchangedWithoutPlugins(t *testing.T) {
	t.Parallel()
	db := openStore(t, dbtest.New(t), 1)
	plugins := openStore(t, dbtest.New(t), 1).UsePlugins(bothPlugins)
	changed := 0
	for _, sql := range allStatements(t) {
		if got := db.Complete(sql); got != sql {
			t.Errorf("statement without plugins: got %s, want %s", got, sql)
		}
		if plugins.Complete(sql) != sql {
			changed++
		}
	}
	if changed < 10 {
		t.Errorf("statements with the columns of plugins: got %d, want at least 10", changed)
	}
}

// The fields of each plugin are in the JSON of users and sessions only if the plugin is on, in Better Auth's order.
func TestPluginsAddTheirFieldsToUsersAndSessions(t *testing.T) {
	t.Parallel()
	const before = `{"name":"Ada","email":"ada@example.com","emailVerified":false,"image":null,` +
		`"createdAt":"2026-01-15T12:00:00.123Z","updatedAt":"2026-01-15T12:00:00.123Z"`
	for _, test := range []struct {
		plugins      config.Plugins
		user, stored string
		session      string
	}{
		{config.Plugins{}, ``, ``, ``},
		{config.Plugins{TwoFactor: true}, `,"twoFactorEnabled":false`, `,"twoFactorEnabled":true`, ``},
		{
			config.Plugins{Admin: true},
			`,"role":"user","banned":false,"banReason":null,"banExpires":null`,
			`,"role":"admin","banned":null,"banReason":"<a>","banExpires":"2025-01-01T00:00:00.000Z"`,
			`,"impersonatedBy":"an id"`,
		},
		{
			bothPlugins,
			`,"twoFactorEnabled":false,"role":"user","banned":false,"banReason":null,"banExpires":null`,
			`,"twoFactorEnabled":true,"role":"admin","banned":null,"banReason":"<a>","banExpires":"2025-01-01T00:00:00.000Z"`,
			`,"impersonatedBy":"an id"`,
		},
	} {
		url := dbtest.New(t)
		db := openStore(t, url, 1).UsePlugins(test.plugins)
		session := newSession("a token", testTime)
		user, err := db.SignUp(t.Context(), store.NewUser{Name: "Ada", Email: "ada@example.com", At: testTime}, session)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before+test.user+`,"id":"`+user.ID+`"}`, toJSON(t, user)); diff != "" {
			t.Errorf("new user with the plugins %+v (-want +got):\n%s", test.plugins, diff)
		}
		var placeholder store.User
		db.SetNewUserFields(&placeholder)
		if diff := cmp.Diff(user.UserPluginFields, placeholder.UserPluginFields); diff != "" {
			t.Errorf("SetNewUserFields with the plugins %+v (-new user +got):\n%s", test.plugins, diff)
		}
		for _, sql := range []string{
			`UPDATE "user" SET "twoFactorEnabled" = true, role = 'admin', banned = NULL, "banReason" = '<a>',
				"banExpires" = '2025-01-01'`,
			`UPDATE session SET "impersonatedBy" = 'an id'`,
		} {
			if err := db.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		row, user, err := db.SessionWithUser(t.Context(), []string{"a token"}, testTime)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before+test.stored+`,"id":"`+user.ID+`"}`, toJSON(t, user)); diff != "" {
			t.Errorf("stored user with the plugins %+v (-want +got):\n%s", test.plugins, diff)
		}
		want := `"userAgent":"test","userId":"` + user.ID + `"` + test.session + `,"id":"` + row.ID + `"}`
		if got := toJSON(t, row); len(got) < len(want) || got[len(got)-len(want):] != want {
			t.Errorf("session with the plugins %+v: got %s, want one that ends with %s", test.plugins, got, want)
		}
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := stringify.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
