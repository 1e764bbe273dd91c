package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// ownIDs returns forms of the id of a client's user that Postgres accepts.
func (c *client) ownIDs() []string {
	bare := strings.ReplaceAll(c.id, "-", "")
	return []string{c.id, strings.ToUpper(c.id), bare, "{" + c.id + "}"}
}

// A site must not lose its last administrator by a wrong click.
func TestAdministratorsCannotRemoveTheirOwnRole(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root := s.newAdmin()
	for _, id := range root.ownIDs() {
		for path, body := range map[string]string{
			"set-role":    `{"userId":"%s","role":"user"}`,
			"set-role ":   `{"userId":"%s","role":["Admin","editor"]}`,
			"set-role  ":  `{"userId":"%s","role":[]}`,
			"update-user": `{"userId":"%s","data":{"name":"Root","role":"user"}}`,
		} {
			a := root.post(strings.TrimSpace(path), fmt.Sprintf(body, id))
			if a.status != http.StatusBadRequest || a.code() != "YOU_CANNOT_REMOVE_YOUR_ADMIN_ROLE" {
				t.Errorf("%s: got %d %s, want 400 YOU_CANNOT_REMOVE_YOUR_ADMIN_ROLE", fmt.Sprintf(body, id), a.status, a.body)
			}
		}
	}
	if got := dbtest.Value[string](t, s.url, `SELECT name || ' ' || role FROM "user"`); got != "root admin" {
		t.Errorf("name and role of the administrator: got %q, want root admin", got)
	}
	if a := root.post("set-role", `{"userId":"`+root.id+`","role":["editor","admin"]}`); a.status != http.StatusOK {
		t.Errorf("set-role of oneself with the role admin: got %d %s, want 200", a.status, a.body)
	}
}

// Another administrator can take the role, and a user in ADMIN_USER_IDS keeps all rights without it.
func TestRoleCanBeRemovedIfAnAdministratorIsLeft(t *testing.T) {
	t.Parallel()
	const listed = "22222222-2222-4222-8222-222222222222"
	s := newServer(t, "ADMIN_USER_IDS", listed)
	root, other, owner := s.newAdmin(), s.signUp("other"), s.signUp("owner")
	dbtest.Exec(t, s.url, `INSERT INTO "user" (id, name, email, "emailVerified", role, "createdAt", "updatedAt")
		VALUES ($1, 'Listed', 'listed@example.com', true, 'admin', now(), now())`, listed)
	dbtest.Exec(t, s.url, `UPDATE session SET "userId" = $2 WHERE "userId" = $1`, owner.id, listed)
	s.setRole(other, "admin")
	if a := root.post("set-role", `{"userId":"`+other.id+`","role":"user"}`); a.status != http.StatusOK {
		t.Errorf("set-role of another administrator: got %d %s, want 200", a.status, a.body)
	}
	if a := owner.post("set-role", `{"userId":"`+listed+`","role":"user"}`); a.status != http.StatusOK {
		t.Errorf("set-role of oneself, listed in ADMIN_USER_IDS: got %d %s, want 200", a.status, a.body)
	}
}

// Administrators cannot ban or delete themselves, however they write their own id.
func TestAdministratorsCannotBanOrDeleteThemselves(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root := s.newAdmin()
	for _, id := range root.ownIDs() {
		for path, c := range map[string]struct{ body, code string }{
			"ban-user":    {`{"userId":"` + id + `"}`, "YOU_CANNOT_BAN_YOURSELF"},
			"update-user": {`{"userId":"` + id + `","data":{"banned":true}}`, "YOU_CANNOT_BAN_YOURSELF"},
			"remove-user": {`{"userId":"` + id + `"}`, "YOU_CANNOT_REMOVE_YOURSELF"},
		} {
			if a := root.post(path, c.body); a.status != http.StatusBadRequest || a.code() != c.code {
				t.Errorf("%s with %s: got %d %s, want 400 %s", path, c.body, a.status, a.body, c.code)
			}
		}
	}
	if got := root.userOf(); got != root.id {
		t.Errorf("user of the session afterwards: got %q, want the administrator %s", got, root.id)
	}
}

// The session in which an administrator acts as a user belongs to the user. It ends after an hour, not with the
// administrator's rights.
func TestImpersonationOutlivesTheRightsOfTheAdministrator(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	for what, change := range map[string]func(admin *client){
		"lost the role": func(admin *client) { s.setRole(admin, "user") },
		"is banned":     func(admin *client) { root.post("ban-user", `{"userId":"`+admin.id+`"}`) },
		"was deleted":   func(admin *client) { root.post("remove-user", `{"userId":"`+admin.id+`"}`) },
	} {
		admin := s.signUp(strings.ReplaceAll(what, " ", "-"))
		s.setRole(admin, "admin")
		if a := admin.post("impersonate-user", `{"userId":"`+ada.id+`"}`); a.status != http.StatusOK {
			t.Fatalf("impersonate-user: got %d %s, want 200", a.status, a.body)
		}
		change(admin)
		if got := admin.userOf(); got != ada.id {
			t.Errorf("user of the session after the administrator %s: got %q, want the user %s", what, got, ada.id)
		}
		dbtest.Exec(t, s.url, `DELETE FROM session WHERE "impersonatedBy" = $1`, admin.id)
		if got := admin.userOf(); got != "" {
			t.Errorf("user of the session after it was deleted: got %q, want none", got)
		}
	}
}

func TestSetUserPasswordKeepsSessionsAndEndsTrustInDevices(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	dbtest.Exec(t, s.url, `INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
		VALUES ('trust-device-' || repeat('a', 32), $1, now() + interval '1 day', now(), now())`, ada.id)
	a := root.post("set-user-password", `{"newPassword":"battery staple","userId":"`+ada.id+`"}`)
	if a.status != http.StatusOK || ada.userOf() != ada.id {
		t.Errorf("set-user-password: got %d %s and the user %q, want 200 and the session of before",
			a.status, a.body, ada.userOf())
	}
	if left := dbtest.Value[int](t, s.url, `SELECT count(*) FROM verification`); left != 0 {
		t.Errorf("trusted devices afterwards: got %d, want 0", left)
	}
}
