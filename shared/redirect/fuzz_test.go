package redirect

import (
	"net/url"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/web"
)

const siteOrigin = "https://own.example"

// A location that is made from a trusted target is trusted too, and has only printable ASCII characters.
func FuzzRedirect(f *testing.F) {
	for _, target := range []string{
		"/", "/a?b=c#d", "/..//evil.example", "/%2e%2e//x", "https://own.example/a?x=1&token=2#t",
		"https://own.example:443?x", "myapp://x/y?z", "/?=&&a",
		"https://a.app.example/ü?é=%zz", "/a//b", "/;//evil.example", "/\u202e", "https://OWN.example/../..",
		"/.//evil.example", "/a/..//evil.example",
	} {
		f.Add(target, "token", "x y&z")
	}
	origins := web.NewOrigins(siteOrigin, "https://*.app.example", "myapp://")
	f.Fuzz(func(t *testing.T, target, name, value string) {
		if !origins.TrustsRedirect(target) {
			return
		}
		for _, location := range []string{
			SetParameter(siteOrigin, target, name, value), AddParameter(siteOrigin, target, name, value),
			EncodeLocation(target),
		} {
			if strings.ContainsFunc(location, func(c rune) bool { return c < ' ' || c > '~' }) {
				t.Errorf("%q: got the location %q, want only printable ASCII characters", target, location)
			}
			if strings.HasPrefix(target, "/") && strings.HasPrefix(location, "//") {
				t.Errorf("%q: got the location %q, which leads to another host", target, location)
			}
			if !origins.TrustsRedirect(location) && (parsesAsURL(location) ||
				!strings.HasPrefix(location, siteOrigin+"/")) { // "/%" is a path for browsers
				t.Errorf("%q: got the location %q, which is not trusted", target, location)
			}
			if parsesAsURL(target) && !parsesAsURL(location) {
				t.Errorf("%q: got the location %q, which is not a URL", target, location)
			}
		}
	})
}

func parsesAsURL(target string) bool {
	_, err := url.Parse(target)
	return err == nil
}
