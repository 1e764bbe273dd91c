//go:build node

package conformance

import (
	"net/http"
	"testing"
)

const bannedCode = "BANNED_USER"

// A ban by Better Auth's admin plugin also holds at Xenon, until the plugin lifts it. Each of the two servers clears an
// expired ban at the next sign-in.
func TestInterchange_BansHoldAtBothServers(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "ADMIN=on")
	admin := ix.newVisitor(t)
	_, adminID := admin.register(ix.betterAuth)
	ix.exec(t, `UPDATE "user" SET role = 'admin' WHERE id = $1`, adminID)
	for _, home := range []runningServer{ix.betterAuth, ix.xenon} {
		phone := ix.newVisitor(t)
		email, id := phone.register(home)
		signIn := func(s runningServer) reply {
			return ix.newVisitor(t).post(s, "/sign-in/email", jsonObject{"email": email, "password": testPassword})
		}
		ban := jsonObject{"userId": id, "banReason": "spam", "banExpiresIn": 3600}
		admin.checkStatus(admin.post(ix.betterAuth, "/admin/ban-user", ban), http.StatusOK)
		theirs, ours := signIn(ix.betterAuth), signIn(ix.xenon)
		if ours.status != http.StatusForbidden || ours.text != theirs.text || ours.body.textMember("code") != bannedCode {
			t.Errorf("registered at %s, sign-in while banned: got %d %s at Better Auth and %d %s at Xenon, want the same 403",
				home.name, theirs.status, theirs.text, ours.status, ours.text)
		}
		if u, _ := phone.sessionIDsAt(ix.xenon); u != "" {
			t.Errorf("registered at %s: the session of the banned user is still valid, want it ended", home.name)
		}
		admin.checkStatus(admin.post(ix.betterAuth, "/admin/unban-user", jsonObject{"userId": id}), http.StatusOK)
		for _, s := range []runningServer{ix.betterAuth, ix.xenon} {
			if a := signIn(s); a.status != http.StatusOK {
				t.Errorf("registered at %s, sign-in after the ban was lifted: %s answers %d %s, want 200",
					home.name, s.name, a.status, a.text)
			}
			ix.exec(t, `
				UPDATE "user" SET banned = true, "banReason" = 'spam', "banExpires" = now() - interval '1 minute'
				WHERE id = $1`, id)
			if a := signIn(s); a.status != http.StatusOK {
				t.Errorf("registered at %s, sign-in after the ban expired: %s answers %d %s, want 200",
					home.name, s.name, a.status, a.text)
			}
			left := ix.queryValue(t, `SELECT concat_ws(' ', banned, "banReason", "banExpires") FROM "user" WHERE id = $1`, id)
			if left != "f" {
				t.Errorf("registered at %s, the ban columns after the sign-in at %s: got %q, want banned = false alone",
					home.name, s.name, left)
			}
		}
	}
}

// Without the admin plugin, Better Auth ignores the columns of a ban, and Xenon does not (D40 in docs/divergences.md).
func TestInterchange_BansHoldOnlyAtXenonWithoutTheAdminPlugin(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	b := ix.newVisitor(t)
	email, id := b.register(ix.betterAuth)
	ix.exec(t, `UPDATE "user" SET banned = true WHERE id = $1`, id)
	if u, _ := b.sessionIDsAt(ix.betterAuth); u != id {
		t.Errorf("the session of the banned user at Better Auth without the plugin: got user %q, want %q", u, id)
	}
	in := jsonObject{"email": email, "password": testPassword}
	b.checkStatus(ix.newVisitor(t).post(ix.betterAuth, "/sign-in/email", in), http.StatusOK)
	a := ix.newVisitor(t).post(ix.xenon, "/sign-in/email", in)
	if a.status != http.StatusForbidden || a.body.textMember("code") != bannedCode {
		t.Errorf("sign-in of the banned user at Xenon: got %d %s, want 403 %s", a.status, a.text, bannedCode)
	}
	if u, _ := b.sessionIDsAt(ix.xenon); u != "" {
		t.Errorf("the session of the banned user at Xenon: got user %q, want none", u)
	}
}
