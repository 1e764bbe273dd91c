//go:build node

package conformance

import (
	"net/http"
	"strings"
	"testing"
)

// Better Auth ignores the columns that `xenon schema up --metadata` adds: it answers as without them, and keeps their
// values when it changes the user.
func TestInterchange_BetterAuthIgnoresAndKeepsMetadata(t *testing.T) {
	t.Parallel()
	ix := newInterchange(t)
	addMetadata(t, ix.database)
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b := ix.newVisitor(t)
		_, id := b.register(first)
		const metadata = `{"plan": "pro"} {"role": "editor"}`
		ix.exec(t, `UPDATE "user" SET "userMetadata" = '{"plan": "pro"}', "appMetadata" = '{"role": "editor"}' WHERE id = $1`,
			id)
		b.checkStatus(b.post(second, "/update-user", jsonObject{"name": "Countess"}), http.StatusOK)
		a, z := b.get(first, "/get-session"), b.get(second, "/get-session")
		if !isSameJSON(t, a.text, z.text) || strings.Contains(a.text+z.text, "etadata") {
			t.Errorf("get-session at both servers, want the same JSON without metadata:\n%s answers %s\n%s answers %s",
				first.name, a.text, second.name, z.text)
		}
		if got := a.body.objectMember("user").textMember("name"); got != "Countess" {
			t.Errorf("the name after update-user: got %q, want Countess", got)
		}
		const readMetadata = `SELECT concat_ws(' ', "userMetadata", "appMetadata") FROM "user" WHERE id = $1`
		if got := ix.queryValue(t, readMetadata, id); got != metadata {
			t.Errorf("the metadata after update-user: got %s, want %s", got, metadata)
		}
	})
}
