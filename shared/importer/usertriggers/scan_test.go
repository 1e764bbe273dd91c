package usertriggers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScanLeavesOutCommentsAndTextsOfStrings(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]string{
		`NEW . Email`:                         {"new", ".", "email"},
		"new/* a /* b */ new.x */.\"E\"\"m\"": {"new", ".", `E"m`},
		"a -- new.id\n:= 'it''s new' || b":    {"a", ":=", "", "|", "|", "b"},
		`E'\' new' e 'x\' new`:                {"e", "", "e", "", "new"},
		"$$ new.id $$ $a$ $$ $a$ $1 x$y$":     {"", "", "$", "1", "x$y$"},
		"1..new.id":                           {"1", "..", "new", ".", "id"},
		"a-b/c 'open":                         {"a", "-", "b", "/", "c", ""},
		`"open`:                               {"open"},
		"$x$ open":                            {""},
		"/* open":                             nil,
		"Ünder_1":                             {"Ünder_1"},
	} {
		var got []string
		for _, token := range scan(sql) {
			got = append(got, token.text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tokens of %s (-want +got):\n%s", sql, diff)
		}
	}
}
