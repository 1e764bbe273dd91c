//go:build node

package conformance

import (
	"net/http"
	"testing"
)

const banned = "BANNED_USER"

// (f) Who is banned through the TypeScript server's admin plugin is out at Xenon too, until the plugin lifts the ban; and a
// ban that has run out is cleared by whichever server sees the person first.
func TestBan_InterchangeWithTheAdminPlugin(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t, "ADMIN_PLUGIN=whole")
	boss := ix.browser(t)
	_, bossID := boss.register(ix.library)
	ix.exec(t, `UPDATE "user" SET role = 'admin' WHERE id = $1`, bossID)
	for _, home := range []party{ix.library, ix.xenon} {
		phone := ix.browser(t)
		email, id := phone.register(home)
		enter := func(s party) reply {
			return ix.browser(t).post(s, "/sign-in/email", fields{"email": email, "password": secretWord})
		}
		boss.want(boss.post(ix.library, "/admin/ban-user", fields{"userId": id, "banReason": "spam", "banExpiresIn": 3600}), http.StatusOK)
		theirs, ours := enter(ix.library), enter(ix.xenon)
		if ours.status != http.StatusForbidden || ours.text != theirs.text || ours.body.text("code") != banned {
			t.Errorf("from %s: the library says %d %s, Xenon %d %s", home.name, theirs.status, theirs.text, ours.status, ours.text)
		}
		if u, _ := phone.who(ix.xenon); u != "" {
			t.Errorf("from %s: the session lives on", home.name)
		}
		boss.want(boss.post(ix.library, "/admin/unban-user", fields{"userId": id}), http.StatusOK)
		for _, s := range []party{ix.library, ix.xenon} {
			if a := enter(s); a.status != http.StatusOK {
				t.Errorf("from %s: after the ban %s says %d %s", home.name, s.name, a.status, a.text)
			}
			ix.exec(t, `UPDATE "user" SET banned = true, "banReason" = 'spam', "banExpires" = now() - interval '1 minute' WHERE id = $1`, id)
			if a := enter(s); a.status != http.StatusOK {
				t.Errorf("from %s: a ban that is over, %s says %d %s", home.name, s.name, a.status, a.text)
			}
			left := ix.query(t, `SELECT concat_ws(' ', banned, "banReason", "banExpires") FROM "user" WHERE id = $1`, id)
			if left != "f" {
				t.Errorf("from %s: %s left of it: %q", home.name, s.name, left)
			}
		}
	}
}

// D40: without the plugin the library has no bans, and does not mind the columns.
func TestBan_InterchangeWithoutTheAdminPlugin(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	b := ix.browser(t)
	email, id := b.register(ix.library)
	ix.exec(t, `UPDATE "user" SET banned = true WHERE id = $1`, id)
	if u, _ := b.who(ix.library); u != id {
		t.Errorf("the library sees %q, want %q", u, id)
	}
	in := fields{"email": email, "password": secretWord}
	b.want(ix.browser(t).post(ix.library, "/sign-in/email", in), http.StatusOK)
	if a := ix.browser(t).post(ix.xenon, "/sign-in/email", in); a.status != http.StatusForbidden || a.body.text("code") != banned {
		t.Errorf("Xenon: got %d %s", a.status, a.text)
	}
	if u, _ := b.who(ix.xenon); u != "" {
		t.Errorf("Xenon sees %q, want nobody", u)
	}
}
