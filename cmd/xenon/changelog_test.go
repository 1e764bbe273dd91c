package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The newest version of CHANGELOG.md is the version of the theme and of the API description, and its heading is a link.
func TestNewestVersionIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	const version = `(\d+\.\d+\.\d+)`
	changelog := readCheckoutFile(t, "CHANGELOG.md")
	newest := regexp.MustCompile(`(?m)^## \[` + version + `\] - \d{4}-\d\d-\d\d$`).FindStringSubmatch(changelog)
	if newest == nil {
		t.Fatal("CHANGELOG.md: got no heading of a release, want one such as ## [0.1.0] - 2026-11-29")
	}
	for file, pattern := range map[string]string{
		"packages/docusaurus-theme/package.json": `(?m)^  "version": "` + version + `",$`,
		"docs/openapi.yaml":                      `(?m)^  version: ` + version + `$`,
		"CHANGELOG.md":                           `(?m)^\[Unreleased\]: \S+/compare/v` + version + `\.\.\.HEAD$`,
	} {
		found := regexp.MustCompile(pattern).FindStringSubmatch(readCheckoutFile(t, file))
		if found == nil || found[1] != newest[1] {
			t.Errorf("%s: the version is %q, want %s, the newest of CHANGELOG.md", file, found, newest[1])
		}
	}
	link := regexp.MustCompile(`(?m)^\[` + regexp.QuoteMeta(newest[1]) + `\]: \S+v` + regexp.QuoteMeta(newest[1]) + `$`)
	if !link.MatchString(changelog) {
		t.Errorf("CHANGELOG.md: got no line that matches %s, want the link of the heading", link)
	}
}

// readCheckoutFile reads a file of the checkout.
func readCheckoutFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
