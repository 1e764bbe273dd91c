package versus

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
	"github.com/xenon-auth/xenon/shared/config"
)

// pathsWithoutGrowth has the paths of docs/openapi.yaml that measureGrowth does not measure, and the reason.
var pathsWithoutGrowth = map[string]string{
	"/api/auth/jwks":                           "reads the keys and no table that grows",
	"/.well-known/jwks.json":                   "another path of jwks",
	"/.well-known/openid-configuration":        "reads no table",
	"/api/auth/ok":                             "reads no table",
	"/api/auth/error":                          "reads no table",
	"/health":                                  "reads the catalogue of Postgres and no rows",
	"/api/auth/social-providers":               "reads the settings and no table",
	"/api/auth/update-session":                 "answers 400 after it has read the session as get-session does",
	"/api/auth/email-otp/request-email-change": "answers 400, as Better Auth does unless a change by code is configured",
	"/api/auth/email-otp/change-email":         "answers 400, as Better Auth does unless a change by code is configured",
	"/api/auth/admin/list-audit-events":        "reads a log and no table",
}

// TestGrowthOfEachPathIsMeasured checks that measureGrowth sends a request of each path of docs/openapi.yaml, or that
// pathsWithoutGrowth has a reason.
func TestGrowthOfEachPathIsMeasured(t *testing.T) {
	t.Parallel()
	const n = 100
	database := newDatabaseWithUsers(t, n, config.Argon2id, rowsOfPlugins...)
	s := newInProcessFunctions(t, server{database: database, format: config.Argon2id}, "off").server
	var sent []string
	for _, r := range requestsOnGrowingTables(t, s, n, n) {
		sent = append(sent, pathOf(r.next(0)))
	}
	for _, r := range startPluginServer(t, database, n, providertest.New(t)).pluginRequests() {
		sent = append(sent, pathOf(r.next()))
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Paths map[string]any }
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for path := range document.Paths {
		pattern := regexp.MustCompile(`^` + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, `[^/]+`) + `$`)
		measured := false
		for _, p := range sent {
			measured = measured || pattern.MatchString(p)
		}
		if reason := pathsWithoutGrowth[path]; measured == (reason != "") {
			t.Errorf("%s: measured %v, reason in pathsWithoutGrowth %q, want one of both", path, measured, reason)
		}
	}
	for path := range pathsWithoutGrowth {
		if document.Paths[path] == nil {
			t.Errorf("pathsWithoutGrowth has %s, which is not in docs/openapi.yaml", path)
		}
	}
}

// pathOf returns the path of a call, without its query.
func pathOf(c httpCall) string {
	_, rest, _ := strings.Cut(string(c.send), " ")
	target, _, _ := strings.Cut(rest, " ")
	path, _, _ := strings.Cut(target, "?")
	return path
}
