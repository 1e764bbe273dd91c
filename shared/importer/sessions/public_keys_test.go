package sessions_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer/sessions"
)

// publicKeys is the JWKS of a Supabase project, with a private member that a project never publishes and a key that
// verifies no access token.
const publicKeys = `{"keys":[
	{"alg":"ES256","crv":"P-256","key_ops":["verify"],"kid":"11111111-aaaa-4bbb-8ccc-000000000001","kty":"EC","use":"sig",
		"d":"AAAA","x":"zoH5yr-m-IumpkrSW8oD3J3Q889mbTI1plyanvAO52Y","y":"QMUPFi1_rnyVjaHAnLlBYkXcgMFfWSiz1RG7GAUI_Fo"},
	{"kty":"oct","kid":"shared","k":"c2VjcmV0"}]}`

func TestPublicKeysAreReadFromAFileOrURLWithoutPrivateMembers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, []byte(publicKeys), 0o600); err != nil {
		t.Fatal(err)
	}
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		_, _ = w.Write([]byte(publicKeys))
	}))
	t.Cleanup(server.Close)
	for _, from := range []string{file, server.URL} {
		read := sessions.ReadPublicKeys(from)
		for range 2 {
			got, err := read(t.Context())
			var set struct{ Keys []map[string]any }
			if err != nil || json.Unmarshal(got, &set) != nil || len(set.Keys) != 1 {
				t.Fatalf("keys of %s: got %s and the error %v, want one key", from, got, err)
			}
			if set.Keys[0]["kid"] != "11111111-aaaa-4bbb-8ccc-000000000001" || set.Keys[0]["d"] != nil {
				t.Errorf("keys of %s: got %v, want the public members", from, set.Keys[0])
			}
		}
	}
	if calls != 1 {
		t.Errorf("requests to the server: got %d, want one", calls)
	}
}

func TestMissingPublicKeysAreAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/empty" {
			_, _ = w.Write([]byte(`{"keys":[]}`))
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(server.Close)
	for from, want := range map[string]string{
		server.URL + "/empty":                   "needs no JWKS",
		server.URL + "/500":                     "500",
		filepath.Join(t.TempDir(), "none.json"): "no such file",
	} {
		if got, err := sessions.ReadPublicKeys(from)(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("keys of %s: got %s and the error %v, want an error with %q", from, got, err, want)
		}
	}
	if got, err := sessions.ReadPublicKeys("")(t.Context()); got != nil || err != nil {
		t.Errorf("keys of nothing: got %s and the error %v, want neither", got, err)
	}
}

// A later pass without the setting keeps the stored keys.
func TestRunStoresThePublicKeys(t *testing.T) {
	t.Parallel()
	m := newImport(t, newSource(t, 5, 5))
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, []byte(publicKeys), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, read := range []func(context.Context) ([]byte, error){sessions.ReadPublicKeys(file), nil} {
		m.PublicKeys = read
		countsOf(t, m)
		got := importtest.Value(t, m.To, `select jsonb_array_length(jwks->'keys') || ' ' || (jwks->'keys'->0->>'kid')
			from "supabaseBridge"`)
		if got != "1 11111111-aaaa-4bbb-8ccc-000000000001" {
			t.Errorf("stored keys: got %s, want the key of the project", got)
		}
	}
	m.PublicKeys = sessions.ReadPublicKeys(file + ".missing")
	if p, err := m.Plan(t.Context(), withSessions); err != nil || !strings.Contains(strings.Join(p.Refusals, ""), "JWKS") {
		t.Errorf("plan with a file that is missing: got the refusals %q and the error %v, want one", p.Refusals, err)
	}
}
