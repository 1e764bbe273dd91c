package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xenon-auth/xenon/shared/web"
)

// FuzzQuery checks that every parameter is a string or a list of strings, in UTF-8, and that there are no more values
// than pairs in the query.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"a=b&a=c&a=d", "%", "%zz=%", "+=+", "a", "=", "&&&", "a=%ff%fe",
		"__proto__=x&constructor=y", "a=%00", "a;b=c", "é=ü",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		parsed := web.Query(&http.Request{URL: &url.URL{RawQuery: raw}})
		values := 0
		for name, value := range parsed {
			texts := []any{value}
			if list, ok := value.([]any); ok {
				texts = list
			}
			for _, v := range texts {
				text, ok := v.(string)
				if !ok || !utf8.ValidString(name) || !utf8.ValidString(text) {
					t.Errorf("query %q: got %q=%v, want a name and a string of valid UTF-8", raw, name, v)
				}
				values++
			}
		}
		if values > strings.Count(raw, "&")+1 {
			t.Errorf("query %q: got %d values, want at most the number of & plus one", raw, values)
		}
	})
}
