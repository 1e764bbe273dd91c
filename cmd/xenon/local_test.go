package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A site's folder is often a Git repository, and `git add .` would add the secret and the signing keys of xenon dev.
func TestGitIgnoresTheDirectoryThatDevCreates(t *testing.T) {
	t.Parallel()
	noSettings := environment(func(string) string { return "" })
	for name, c := range map[string]struct {
		existing bool
		want     string
	}{
		"a new directory":       {false, ""},
		"an existing directory": {true, "?? .xenon/\n"}, // it may have other files, which Git should show
	} {
		repository := t.TempDir()
		runGit(t, repository, "init", "--quiet")
		dir := filepath.Join(repository, ".xenon")
		if c.existing {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		local, err := newLocalResources(devCmd{Dir: dir}, noSettings, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(local.pathOf("secret")); err != nil {
			t.Errorf("%s: got %v, want the file secret", name, err)
		}
		if got := runGit(t, repository, "status", "--porcelain"); got != c.want {
			t.Errorf("git status with %s: got %q, want %q", name, got, c.want)
		}
	}
}

// With secrets with versions, xenon dev generates none. A secret that it generated before decrypts as
// BETTER_AUTH_SECRET.
func TestDevGeneratesNoSecretIfThereAreVersions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	read := func(settings map[string]string) string {
		t.Helper()
		local, err := newLocalResources(devCmd{Dir: dir}, func(name string) string { return settings[name] }, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		return local.secret
	}
	versions := map[string]string{"BETTER_AUTH_SECRETS": "1:x"}
	if got := read(versions); got != "" {
		t.Errorf("with BETTER_AUTH_SECRETS: got a secret of %d characters, want none", len(got))
	}
	generated := read(nil)
	if got := read(versions); got != generated || len(got) < 32 {
		t.Errorf("after a start without BETTER_AUTH_SECRETS: got %d characters, want the generated secret", len(got))
	}
	if got := read(map[string]string{"BETTER_AUTH_SECRET": "own"}); got != "own" {
		t.Errorf("with BETTER_AUTH_SECRET: got %d characters, want that secret", len(got))
	}
}

// runGit runs a command of Git and returns its output.
func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "git", args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}
