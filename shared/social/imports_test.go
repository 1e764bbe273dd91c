package social_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A function without social sign-in does not link the code that reads the settings and secrets of providers.
func TestFunctionSignInDoesNotLinkProviderSettings(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	// The Makefile builds with this tag, too. Without it the function links net/rpc, and the linker keeps all methods.
	build := exec.CommandContext(
		t.Context(),
		"go",
		"build",
		"-tags",
		"lambda.norpc",
		"-o",
		binary,
		"../../functions/signin",
	)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build functions/signin: %v: %s", err, out)
	}
	symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", binary).Output()
	if err != nil || !strings.Contains(string(symbols), "shared/config.(*loader).readAPI") {
		t.Fatalf("the symbols have no config.(*loader).readAPI: %v", err)
	}
	for _, name := range []string{"shared/config.(*loader).readSocial", "shared/secrets.parseSocialSecrets"} {
		if strings.Contains(string(symbols), name) {
			t.Errorf("functions/signin links %s, want it without", name)
		}
	}
}

// The other functions do not link the OAuth client.
func TestOnlyFunctionsSocialLinksOAuth(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	const format = `{{.ImportPath}} {{join .Deps " "}}`
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", format, "../../functions/...").Output()
	if err != nil {
		t.Fatalf("list the packages of the functions: %v", err)
	}
	packages := map[string][]string{} // by function
	for line := range strings.Lines(string(out)) {
		all := strings.Fields(line)
		packages[path.Base(all[0])] = all[1:]
	}
	var linked []string
	for _, f := range folders {
		if len(packages[f.Name()]) == 0 {
			t.Errorf("functions/%s: got no packages, want those that it links", f.Name())
		}
		isOAuth := func(name string) bool {
			return strings.Contains(name, "/oauth2") || strings.Contains(name, "go-oidc") || strings.Contains(name, "go-jose") ||
				strings.HasSuffix(name, "shared/oauth")
		}
		if slices.ContainsFunc(packages[f.Name()], isOAuth) {
			linked = append(linked, f.Name())
		}
	}
	if !slices.Equal(linked, []string{"social"}) {
		t.Errorf("OAuth is in the functions %v, want social only", linked)
	}
}
