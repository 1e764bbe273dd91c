package social_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Every other function starts without the OAuth client.
func TestOnlyFunctionsSocialLinksOAuth(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	var linked []string
	for _, f := range folders {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../functions/"+f.Name()).Output()
		if err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		isOAuth := func(name string) bool {
			return strings.Contains(name, "/oauth2") || strings.Contains(name, "go-oidc") || strings.Contains(name, "go-jose") ||
				strings.HasSuffix(name, "shared/oauth")
		}
		if slices.ContainsFunc(strings.Fields(string(out)), isOAuth) {
			linked = append(linked, f.Name())
		}
	}
	if !slices.Equal(linked, []string{"social"}) {
		t.Errorf("OAuth is in the functions %v, want social only", linked)
	}
}
