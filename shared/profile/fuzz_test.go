package profile

import (
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
)

// parseIfMatch returns at most as many times as the header has ETags, or nil if one of them is "*".
func FuzzIfMatch(f *testing.F) {
	for _, header := range []string{
		`"lv5k2p3x0w"`, `*`, ``, `"a", "b"`, `W/"a"`, `"`, `"",,`, `"1y2p0ij32e8e7"`, `"-1y2p0ij32e8e8"`,
		`"zzzzzzzzzzzzzz"`, `"a` + "\x00" + `"`, `x, *`,
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		accepted := parseIfMatch([]string{header})
		if accepted == nil != hasStar(header) {
			t.Errorf("If-Match %q: got %v, want nil, which accepts all versions, only for a star", header, accepted)
		}
		if len(accepted) > strings.Count(header, ",")+1 {
			t.Errorf("If-Match %q: got %d times, want at most one more than it has commas", header, len(accepted))
		}
		for _, at := range accepted {
			if at.Location() != time.UTC {
				t.Errorf("If-Match %q: got the time %v, want it in UTC", header, at)
			}
		}
	})
}

func hasStar(header string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(tag) == "*" {
			return true
		}
	}
	return false
}

// The fields of the shipped declaration accept only values that their columns can hold.
func FuzzFieldProblem(f *testing.F) {
	f.Add("en", 5.0)
	f.Add("pt-BR", -1.0)
	f.Add("en-", 2147483648.0)
	f.Add("e\x00n", 1e300)
	f.Add("zh_Hant_TW", 0.5)
	fields := declaration.Shipped()
	language, _ := fields.Find("preferred_language")
	hours, _ := fields.Find("time_per_week")
	f.Fuzz(func(t *testing.T, text string, number float64) {
		notOfALanguage := func(c rune) bool { return c < '-' || c > 'z' }
		if language.Problem(text) == "" && (len(text) > 10 || strings.ContainsFunc(text, notOfALanguage)) {
			t.Errorf("language %q is accepted, want it refused", text)
		}
		if hours.Problem(number) == "" && float64(int32(number)) != number {
			t.Errorf("time_per_week %v is accepted, want only a 32-bit integer", number)
		}
		for _, choice := range fields[:6] {
			if choice.Problem(text) == "" && len(text) > 20 || choice.Problem(number) == "" {
				t.Errorf("%s: %q or %v is accepted, want no text of more than 20 bytes and no number",
					choice.Name, text, number)
			}
		}
	})
}
