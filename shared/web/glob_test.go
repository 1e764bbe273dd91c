package web_test

import (
	"testing"

	"github.com/xenon-auth/xenon/shared/web"
)

func TestGlobMatchesLikeBetterAuth(t *testing.T) {
	t.Parallel()
	for pattern, cases := range map[string]map[string]bool{
		"/a":       {"/a": true, "/a/": true, "/a//": true, "//a": true, "/ab": false, "/b": false, "a": false},
		"a":        {"a": true, "a/": true, "/a": false},
		"/a/b":     {"/a/b": true, "/a//b": true, "/ab": false, "/a/b/c": false},
		"/a//b":    {"/a/b": true, "/a//b": true},
		"/a/":      {"/a": false, "/a/": true, "/a/b": false},
		"/a/*":     {"/a/b": true, "/a/bc": true, "/a/b/c": false, "/a/": true, "/a": false},
		"/a/*/c":   {"/a/b/c": true, "/a/c": false, "/a/b/d/c": false},
		"/a?c":     {"/abc": true, "/ac": false, "/a/c": false, "/abbc": false},
		"/a*":      {"/a": true, "/abc": true, "/ab/c": false, "/b": false},
		"/**":      {"/": true, "/a": true, "/a/b/c": true},
		"**":       {"": true, "a": true, "a/b": true},
		"/a/**":    {"/a": true, "/a/b": true, "/a/b/c": true, "/ab": true, "/b/a": false},
		"/a/**/c":  {"/a/c": true, "/a/b/c": true, "/a/b/d/c": true, "/a/bc": false, "/ac": false},
		"**/c":     {"c": true, "a/c": true, "a/b/c": true, "ac": false},
		`/a\*`:     {"/a*": true, "/ab": false},
		`/a\?`:     {"/a?": true, "/ab": false},
		`/a\\`:     {`/a\`: true, "/a": false},
		"/a.b":     {"/a.b": true, "/axb": false},
		"/(a|b)+$": {"/(a|b)+$": true, "/a": false},
	} {
		glob := web.CompileGlob(pattern)
		for path, want := range cases {
			if got := glob.MatchString(path); got != want {
				t.Errorf("pattern %s matches %s: got %v, want %v; it was compiled to %s", pattern, path, got, want, glob)
			}
		}
	}
}
