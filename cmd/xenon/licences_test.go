package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateLicences = flag.Bool("update-licences", false, "write docs/licences.md")

// permittedLicences are the permitted licences, each with words that only its text contains. The test fails if a module
// has another licence. A maintainer then reads the licence and adds it here if it can be permitted.
var permittedLicences = []struct{ name, words string }{
	{"Apache-2.0", "apache license"},
	{"BSD-3-Clause", "neither the name"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"public domain", "have been put into the public domain"},
}

// licencesOf returns the permitted licences whose text is in the directory of a module.
func licencesOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, file := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			continue
		}
		plain := strings.ToLower(strings.Join(strings.Fields(string(text)), " "))
		for _, l := range permittedLicences {
			if strings.Contains(plain, l.words) {
				names = append(names, l.name)
			}
		}
	}
	return names
}

// listLinkedModules returns the modules that the functions or the command link. Of each it returns path, version and
// directory.
func listLinkedModules(t *testing.T) [][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "lambda.norpc", "-f",
		"{{with .Module}}{{if not .Main}}{{.Path}}|{{.Version}}|{{.Dir}}{{end}}{{end}}", "./functions/...", "./cmd/...")
	cmd.Dir = repositoryRoot
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Sorted(strings.FieldsSeq(string(out)))
	var all [][]string
	for _, line := range slices.Compact(lines) {
		all = append(all, strings.Split(line, "|"))
	}
	return all
}

func TestR59_LicencesOfTheBinaries(t *testing.T) {
	t.Parallel()
	page := strings.Builder{}
	page.WriteString(`# Licences

The Go modules in the functions and in the command, and their licences. All of them also contain the Go standard
library (BSD-3-Clause). The packages of the site have [their own page](licences-site.md).

` + "`make manual`" + " writes this page. A test fails if a module is missing here or has a licence that is not " +
		"permitted.\n" +
		`
| module | version | licence |
|---|---|---|
`)
	found := listLinkedModules(t)
	if len(found) < 10 {
		t.Fatalf("modules that the functions and the command link: got %d, want at least 10", len(found))
	}
	for _, m := range found {
		names := licencesOf(t, m[2])
		if len(names) == 0 {
			t.Errorf("the module %s %s: got no permitted licence, want at least one", m[0], m[1])
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", m[0], m[1], strings.Join(names, ", "))
	}
	path := filepath.Join(repositoryRoot, "docs", "licences.md")
	if *updateLicences {
		if err := os.WriteFile(path, []byte(page.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page.String(), string(got)); diff != "" {
		t.Errorf("docs/licences.md is not up to date; run make manual (-want +got):\n%s", diff)
	}
}

func TestR59_UnknownLicencesAreReported(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                           0,
		"GNU GENERAL PUBLIC LICENSE": 0,
		"Permission is hereby granted, free of\n charge, to any person obtaining a copy": 1,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := licencesOf(t, dir); len(got) != want {
			t.Errorf("a module with the licence text %q: got the licences %v, want %d", text, got, want)
		}
	}
}
