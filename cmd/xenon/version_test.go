package main

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/migrations"
)

func TestVersionNamesTheCommitAndTheSchema(t *testing.T) {
	t.Parallel()
	all, err := migrations.List()
	if err != nil {
		t.Fatal(err)
	}
	last := all[len(all)-1].Name
	for _, c := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"nothing known", nil, "xenon unknown, commit unknown, "},
		{"module proxy", &debug.BuildInfo{Main: debug.Module{Version: "v0.1.0"}}, "xenon v0.1.0, from a module proxy, "},
		{"checkout without git", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "xenon (devel), commit unknown, "},
		{"checkout", &debug.BuildInfo{Main: debug.Module{Version: "v0.1.0+dirty"}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"},
			{Key: "vcs.time", Value: "2026-11-29T18:00:00Z"},
			{Key: "vcs.modified", Value: "true"},
		}}, "xenon v0.1.0+dirty, commit 0123456789ab of 2026-11-29T18:00:00Z with changes, "},
	} {
		v, err := versionOf(c.info)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.String(); !strings.HasPrefix(got, c.want) ||
			!strings.HasSuffix(got, "\nBetter Auth 1.7.25, schema "+last) {
			t.Errorf("the version with %s: got %q, want a text that begins with %q and names the schema %s",
				c.name, got, c.want, last)
		}
	}
	code, out, _ := runXenon(t, []string{"version", "--json"})
	if code != exitDone || !strings.Contains(out, `"schema":"`+last+`"`) {
		t.Errorf("xenon version --json: got the exit code %d and %s, want 0 and the schema %s", code, out, last)
	}
}
