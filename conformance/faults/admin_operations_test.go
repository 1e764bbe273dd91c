package faults

import (
	"fmt"
	"testing"
)

// newAdmin returns a user with the role admin, and another user.
func (s *testServer) newAdmin(t *testing.T) (admin, user *testUser) {
	t.Helper()
	admin, user = s.newUser(t), s.newUser(t)
	if _, err := s.db.Exec(t.Context(), `UPDATE "user" SET role = 'admin' WHERE email = $1`, admin.email); err != nil {
		t.Fatal(err)
	}
	return admin, user
}

// adminOperation returns the operation POST /api/auth/admin/<name>. body and after get the other user and their id.
func adminOperation(
	name, body string, again []int, after func(t *testing.T, s *testServer, u *testUser, id string),
) operation {
	path := "/api/auth/admin/" + name
	return operation{name: "POST " + path, isRead: after == nil, prepare: func(t *testing.T, s *testServer) request {
		admin, u := s.newAdmin(t)
		id := queryValue[string](t, s, `SELECT id::text FROM "user" WHERE email = $1`, u.email)
		check := checkNothing
		if after != nil {
			check = func(t *testing.T) { t.Helper(); after(t, s, u, id) }
		}
		return request{admin, "POST", path, fmt.Sprintf(body, id), again, check}
	}}
}

func adminRead(path string) operation {
	return operation{name: "GET " + path, isRead: true, prepare: func(t *testing.T, s *testServer) request {
		admin, u := s.newAdmin(t)
		id := queryValue[string](t, s, `SELECT id::text FROM "user" WHERE email = $1`, u.email)
		return request{admin, "GET", path + "?limit=1&id=" + id + "&userId=" + id, "", nil, checkNothing}
	}}
}

// checkColumn checks a column of "user" as text.
func checkColumn(column, want string) func(t *testing.T, s *testServer, u *testUser, id string) {
	return func(t *testing.T, s *testServer, _ *testUser, id string) {
		t.Helper()
		got := queryValue[string](t, s, `SELECT coalesce("`+column+`"::text, '') FROM "user" WHERE id::text = $1`, id)
		checkTrue(t, got == want, fmt.Sprintf("column %s of the user: got %q, want %q", column, got, want))
	}
}

func checkSignedOut(t *testing.T, _ *testServer, u *testUser, _ string) {
	t.Helper()
	checkTrue(t, !u.isSignedIn(), "the user is still signed in")
}

func init() {
	operations = append(operations,
		adminRead("/api/auth/admin/get-user"),
		adminRead("/api/auth/admin/list-users"),
		adminRead("/api/auth/admin/list-audit-events"),
		adminOperation("create-user", `{"email":"new-%s@example.com","name":"New","password":"correct horse"}`, []int{400},
			func(t *testing.T, s *testServer, _ *testUser, id string) {
				t.Helper()
				n := queryValue[int](t, s, `SELECT count(*) FROM "user" WHERE email = 'new-' || $1 || '@example.com'`, id)
				checkTrue(t, n == 1, "the number of new users is not 1")
			}),
		adminOperation("update-user", `{"userId":%q,"data":{"name":"Grace"}}`, nil, checkColumn("name", "Grace")),
		adminOperation("set-role", `{"userId":%q,"role":"editor"}`, nil, checkColumn("role", "editor")),
		adminOperation("ban-user", `{"userId":%q}`, nil, func(t *testing.T, s *testServer, u *testUser, id string) {
			t.Helper()
			checkColumn("banned", "true")(t, s, u, id)
			checkSignedOut(t, s, u, id)
		}),
		adminOperation("unban-user", `{"userId":%q}`, nil, checkColumn("banned", "false")),
		adminOperation("list-user-sessions", `{"userId":%q}`, nil, nil),
		adminOperation("revoke-user-session", `{"sessionToken":%q}`, nil,
			func(t *testing.T, _ *testServer, u *testUser, _ string) {
				t.Helper()
				checkTrue(t, u.isSignedIn(), "the user is signed out, but the token was not theirs")
			}),
		adminOperation("revoke-user-sessions", `{"userId":%q}`, nil, checkSignedOut),
		adminOperation("remove-user", `{"userId":%q}`, []int{404},
			func(t *testing.T, _ *testServer, u *testUser, _ string) {
				t.Helper()
				checkTrue(t, u.countUsers(t) == 0, "the user still exists")
			}),
		adminOperation("set-user-password", `{"userId":%q,"newPassword":"`+newPassword+`"}`, nil,
			func(t *testing.T, _ *testServer, u *testUser, _ string) {
				t.Helper()
				checkTrue(t, u.canSignIn(newPassword), "the user cannot sign in with the new password")
			}),
		operation{
			name: "POST /api/auth/admin/has-permission", isRead: true, prepare: func(t *testing.T, s *testServer) request {
				admin, _ := s.newAdmin(t)
				body := `{"permissions":{"user":["list"]}}`
				return request{admin, "POST", "/api/auth/admin/has-permission", body, nil, checkNothing}
			},
		},
		adminOperation("impersonate-user", `{"userId":%q}`, []int{403},
			func(t *testing.T, s *testServer, _ *testUser, id string) {
				t.Helper()
				n := queryValue[int](t, s, `
					SELECT count(*) FROM session WHERE "userId"::text = $1 AND "impersonatedBy" IS NOT NULL`, id)
				checkTrue(t, n >= 1, "there is no session in which the administrator impersonates the user")
			}),
		operation{
			name: "POST /api/auth/admin/stop-impersonating", prepare: func(t *testing.T, s *testServer) request {
				admin, u := s.newAdmin(t)
				id := queryValue[string](t, s, `SELECT id::text FROM "user" WHERE email = $1`, u.email)
				admin.mustSucceed(t, "POST", "/api/auth/admin/impersonate-user", fmt.Sprintf(`{"userId":%q}`, id))
				return request{admin, "POST", "/api/auth/admin/stop-impersonating", `{}`, []int{400, 401}, func(t *testing.T) {
					n := queryValue[int](t, s, `
						SELECT count(*) FROM session WHERE "userId"::text = $1 AND "impersonatedBy" IS NOT NULL`, id)
					checkTrue(t, n == 0, "the session of the impersonation still exists")
				}}
			},
		},
	)
}
