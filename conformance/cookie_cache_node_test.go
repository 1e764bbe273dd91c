//go:build node

package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// Xenon and Better Auth accept each other's cache cookies, also for names that need escapes in JSON, because both sign
// the same bytes.
func TestR03_CacheCookiesAreAcceptedByBothServers(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]bool{"without plugins": false, "with the plugins twoFactor and admin": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkCacheCookies(t, config.Plugins{TwoFactor: on, Admin: on})
		})
	}
}

func checkCacheCookies(t *testing.T, plugins config.Plugins) {
	t.Helper()
	const secret = "a secret of the tests, long enough"
	cfg := config.API{
		Origin: "http://localhost:3000", CookieCache: true, CookieCacheMaxAge: config.DefaultCookieCacheMaxAge,
		Plugins: plugins,
	}
	readSecrets := func(context.Context) ([][]byte, error) { return [][]byte{[]byte(secret)}, nil }
	sessions := session.New(cfg, readSecrets, web.Clients{From: cfg.ClientIP}, time.Now)
	long := strings.Repeat("long ", 3000) // Better Auth splits its cache cookie into chunks; Xenon sets no cache cookie
	names := []string{
		"Ada", "Zoë <b>&\"'\\/\u2028\u2029😀", "\b\f\n\r\t\x01\x1f\x7f", `a\u2028b \\u2029 \`, "__proto__", "7",
		"\ufffd\ufeff", long, "2026-02-30T25:61:61Z.",
	}
	in := struct {
		Secret  string   `json:"secret"`
		Cookies []string `json:"cookies"`
		Names   []string `json:"names"`
		Plugins bool     `json:"plugins"`
	}{secret, nil, names, plugins.Admin}
	db := store.Open(nil, 1).UsePlugins(plugins)
	defer db.Close()
	for _, name := range names {
		in.Cookies = append(in.Cookies, xenonCookies(t, sessions, db, name))
	}
	var out struct{ Read, Written []string }
	runCookieCache(t, in, &out)
	wantRead := slices.Clone(names)
	wantRead[slices.Index(wantRead, long)] = ""
	if diff := cmp.Diff(wantRead, out.Read); diff != "" {
		t.Errorf("names that Better Auth reads in Xenon's cookies (-want +got):\n%s", diff)
	}
	for i, cookies := range out.Written {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", cookies)
		w := httptest.NewRecorder()
		// sessions has no database, so only the cookie can answer.
		caller, _, err := sessions.CachedCaller(w, r, nil)
		if err != nil || caller == nil || caller.User.Name != names[i] || len(w.Header()) > 0 ||
			(caller.User.Role.Value != nil) != plugins.Admin || caller.User.TwoFactorEnabled.IsPresent != plugins.TwoFactor {
			t.Errorf("Better Auth's cache cookie of the user %.30q, read by Xenon: got %+v, the error %v and the headers "+
				"%v, want this user, no error and no headers", names[i], caller, err, w.Header())
		}
	}
}

// xenonCookies returns the Cookie header of a user with that name after a sign-in to Xenon.
// The name is also the reason of a ban, if the plugin admin is on.
func xenonCookies(t *testing.T, sessions *session.Sessions, db *store.Store, name string) string {
	t.Helper()
	r, w := httptest.NewRequest("POST", "/", nil), httptest.NewRecorder()
	row := sessions.NewUnsavedSession(r, true)
	row.ID, row.UserID = "019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-000000000002"
	user := store.User{
		ID: row.UserID, Name: name, Email: "ada@example.com", CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if db.SetNewUserFields(&user); user.BanReason.IsPresent {
		user.BanReason.Value, user.BanExpires.Value = &name, &row.ExpiresAt
	}
	if err := sessions.SetCookies(w, r, session.Caller{Session: row, User: user}, true); err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for _, c := range (&http.Response{Header: w.Header()}).Cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

// runCookieCache runs reference/cookie_cache.mjs with in as JSON, and decodes its output into out.
func runCookieCache(t *testing.T, in, out any) {
	t.Helper()
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "cookie_cache.mjs")
	cmd.Dir = "reference"
	cmd.Env = append(cmd.Environ(), "NODE_ENV=production")
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("run cookie_cache.mjs: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(output, out); err != nil {
		t.Fatalf("the output of cookie_cache.mjs is not JSON: %v: %s", err, output)
	}
}
