//go:build node

package conformance

import (
	"net/http"
	"testing"
)

// newAdmin registers an administrator at a server.
func (ix interchange) newAdmin(t *testing.T, s runningServer) (admin *visitor, id string) {
	t.Helper()
	admin = ix.newVisitor(t)
	_, id = admin.register(s)
	ix.exec(t, `UPDATE "user" SET role = 'admin' WHERE id = $1`, id)
	return admin, id
}

// An administrator begins to act as a user at one server and stops at the other.
func TestInterchange_ImpersonationEndsAtTheOtherServer(t *testing.T) {
	t.Parallel()
	for _, cache := range []string{"off", "compact"} {
		ix := newInterchange(t, "ADMIN=on", "TWO_FACTOR=on", "COOKIE_CACHE="+cache)
		ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
			admin, adminID := ix.newAdmin(t, first)
			_, id := ix.newVisitor(t).register(second)
			admin.checkStatus(admin.post(first, "/admin/impersonate-user", jsonObject{"userId": id}), http.StatusOK)
			a := admin.checkStatus(admin.get(second, "/get-session"), http.StatusOK)
			if got := a.body.objectMember("session").textMember("impersonatedBy"); got != adminID {
				t.Errorf("get-session at %s, cache %s: got impersonatedBy %q, want the administrator", second.name, cache, got)
			}
			if user, _ := admin.sessionIDsAt(second); user != id {
				t.Errorf("the user at %s, cache %s: got %q, want the impersonated user", second.name, cache, user)
			}
			admin.checkStatus(admin.get(second, "/admin/list-users"), http.StatusForbidden)
			admin.checkStatus(admin.post(second, "/admin/stop-impersonating", jsonObject{}), http.StatusOK)
			for _, s := range []runningServer{first, second} {
				if user, _ := admin.sessionIDsAt(s); user != adminID {
					t.Errorf("the user at %s afterwards, cache %s: got %q, want the administrator", s.name, cache, user)
				}
			}
			if left := ix.queryValue(t, `SELECT count(*)::text FROM session WHERE "impersonatedBy" = $1`, adminID); left != "0" {
				t.Errorf("sessions of the impersonation afterwards: got %s, want 0", left)
			}
		})
	}
}

// What an administrator changes at one server has effect at the other.
func TestInterchange_ChangesByAdministratorsHaveEffectAtTheOtherServer(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "ADMIN=on", "TWO_FACTOR=on")
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		admin, _ := ix.newAdmin(t, first)
		email := newEmail()
		created := admin.checkStatus(admin.post(first, "/admin/create-user",
			jsonObject{"email": email, "name": "Ada", "password": testPassword}), http.StatusOK)
		id := created.body.objectMember("user").textMember("id")
		ada := ix.newVisitor(t)
		signIn := jsonObject{"email": email, "password": testPassword}
		ada.checkStatus(ada.post(second, "/sign-in/email", signIn), http.StatusOK)
		admin.checkStatus(admin.post(first, "/admin/set-role", jsonObject{"userId": id, "role": "admin"}), http.StatusOK)
		ada.checkStatus(ada.get(second, "/admin/list-users"), http.StatusOK)
		admin.checkStatus(admin.post(first, "/admin/ban-user", jsonObject{"userId": id}), http.StatusOK)
		if user, _ := ada.sessionIDsAt(second); user != "" {
			t.Errorf("the session at %s after a ban at %s: got a user, want none", second.name, first.name)
		}
		ada.checkStatus(ada.post(second, "/sign-in/email", signIn), http.StatusForbidden)
		admin.checkStatus(admin.post(second, "/admin/unban-user", jsonObject{"userId": id}), http.StatusOK)
		newPassword := jsonObject{"userId": id, "newPassword": "battery staple"}
		admin.checkStatus(admin.post(first, "/admin/set-user-password", newPassword), http.StatusOK)
		signIn["password"] = "battery staple"
		ada.checkStatus(ada.post(second, "/sign-in/email", signIn), http.StatusOK)
	})
}
