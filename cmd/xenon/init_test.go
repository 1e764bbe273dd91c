package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/web"
)

func TestInitCreatesADirectoryThatDevServes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "my-site")
	if code, out, err := runXenon(t, []string{"init", dir}); code != exitDone {
		t.Fatalf("xenon init: got the exit code %d and %s%s, want 0", code, out, err)
	}
	var got []string
	for _, name := range []string{
		".env", ".gitignore", "README.md", "dev", "samconfig.toml", "site/index.html", "site/main.js", "site/style.css",
	} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			got = append(got, info.Mode().String()+" "+name)
		}
	}
	want := []string{
		"-rw------- .env", "-rw-r--r-- .gitignore", "-rw-r--r-- README.md", "-rwxr-xr-x dev",
		"-rw-r--r-- samconfig.toml", "-rw-r--r-- site/index.html", "-rw-r--r-- site/main.js", "-rw-r--r-- site/style.css",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the files of xenon init (-want +got):\n%s", diff)
	}
	env, err := os.ReadFile(filepath.Join(dir, ".env"))
	if err != nil || !strings.Contains(string(env), "\n#BETTER_AUTH_URL=") || settingLine.Match(env) {
		t.Errorf(".env of xenon init: got %s, %v, want all settings as comments", env, err)
	}
	h, err := openHandler(t, devCmd{Site: filepath.Join(dir, "site")}, web.Routes{})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/main.js", "/style.css"} {
		if w := sendRequest(h, "GET", path); w.Code != http.StatusOK {
			t.Errorf("GET %s of the example site: got %d, want 200", path, w.Code)
		}
	}
	scan, err := scanSite(os.DirFS(filepath.Join(dir, "site")))
	if err != nil || len(scan.hashes)+len(scan.handlers)+len(scan.styles) > 0 {
		t.Errorf("the example site: got %+v, %v, want nothing inline, which the Content-Security-Policy could block",
			scan, err)
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "mine")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"a directory with a file": dir, "a file": file} {
		code, _, err := runXenon(t, []string{"init", dir})
		if code != exitFailed || !strings.Contains(err, "Give the name of a new directory") {
			t.Errorf("xenon init into %s: got the exit code %d and %s, want a failure that asks for a new directory",
				name, code, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory after the failed calls: got the files %v and the error %v, want only the file mine",
			entries, err)
	}
}
