package redirect

import "testing"

// The expected locations were recorded from Better Auth.
func TestRedirectTargetsAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	const origin = "http://localhost:3000"
	for _, c := range []struct{ target, set, added string }{
		{"/a", "http://localhost:3000/a?token=T", "/a?error=E"},
		{
			"/a?x=1 2&y=%20&z=%zz&é=ü&token=old&token=b&e=",
			"http://localhost:3000/a?x=1+2&y=+&z=%25zz&%C3%A9=%C3%BC&token=T&e=",
			"/a?x=1%202&y=%20&z=%zz&%C3%A9=%C3%BC&token=old&token=b&e=&error=E",
		},
		{"/a b/é/../c?q#fr ag", "http://localhost:3000/a%20b/c?q=&token=T#fr%20ag", "/a%20b/c?q&error=E#fr%20ag"},
		{"https://other.example", "https://other.example/?token=T", "https://other.example/?error=E"},
		{"https://OTHER.example:443/x?y#z", "https://other.example/x?y=&token=T#z", "https://other.example/x?y&error=E#z"},
		{"https://u:p@other.example/x", "https://u:p@other.example/x?token=T", "https://u:p@other.example/x?error=E"},
		{"myapp://Host/a b/../c?x=1", "myapp://Host/c?x=1&token=T", "myapp://Host/c?x=1&error=E"},
		{"myapp://", "myapp://?token=T", "myapp://?error=E"},
		{"myapp://?x", "myapp://?x=&token=T", "myapp://?x&error=E"},
		{
			"/a;b?c;d=e'f*g~h!(i)", "http://localhost:3000/a;b?c%3Bd=e%27f*g%7Eh%21%28i%29&token=T",
			"/a;b?c;d=e%27f*g~h!(i)&error=E",
		},
		{"/%e9?x=%e9", "http://localhost:3000/%e9?x=%EF%BF%BD&token=T", "/%e9?x=%e9&error=E"},
		{"/a?x=1&", "http://localhost:3000/a?x=1&token=T", "/a?x=1&error=E"},
		{"/a?", "http://localhost:3000/a?token=T", "/a?error=E"},
		{"/a#", "http://localhost:3000/a?token=T#", "/a?error=E#"},
		{"/a/./b/%2e%2E/c", "http://localhost:3000/a/c?token=T", "/a/c?error=E"},
		{"/a/..", "http://localhost:3000/?token=T", "/?error=E"},
		{
			"/a|b^c`d{e}f\"g<h>i[j]k",
			"http://localhost:3000/a|b^c%60d%7Be%7Df%22g%3Ch%3Ei[j]k?token=T",
			"/a|b^c%60d%7Be%7Df%22g%3Ch%3Ei[j]k?error=E",
		},
		{
			"/x?a|b^c`d{e}f\"g<h>i[j]k'l",
			"http://localhost:3000/x?a%7Cb%5Ec%60d%7Be%7Df%22g%3Ch%3Ei%5Bj%5Dk%27l=&token=T",
			"/x?a|b^c`d{e}f%22g%3Ch%3Ei[j]k%27l&error=E",
		},
		{
			"/x#a|b^c`d{e}f\"g<h>i[j]k'l",
			"http://localhost:3000/x?token=T#a|b^c%60d{e}f%22g%3Ch%3Ei[j]k'l",
			"/x?error=E#a|b^c%60d{e}f%22g%3Ch%3Ei[j]k'l",
		},
		{"/?&&a&=b&c=", "http://localhost:3000/?a=&=b&c=&token=T", "/?&&a&=b&c=&error=E"},
	} {
		if got := SetParameter(origin, c.target, "token", "T"); got != c.set {
			t.Errorf("SetParameter(%q)\ngot  %s\nwant %s", c.target, got, c.set)
		}
		if got := AddParameter(origin, c.target, "error", "E"); got != c.added {
			t.Errorf("AddParameter(%q)\ngot  %s\nwant %s", c.target, got, c.added)
		}
	}
}

// For a path that resolves to "//host", Better Auth redirects to that host.
func TestR31_RedirectsStayOnTheSite(t *testing.T) {
	t.Parallel()
	const origin = "https://site.example"
	for target, want := range map[string]string{
		"/..//evil.example":          "https://site.example//evil.example?error=E",
		"/.//evil.example":           "https://site.example//evil.example?error=E",
		"/a/%2e%2e//evil.example?x":  "https://site.example//evil.example?x&error=E",
		"/a/..//..//evil.example#//": "https://site.example//evil.example?error=E#//",
	} {
		if got := AddParameter(origin, target, "error", "E"); got != want {
			t.Errorf("AddParameter(%q) = %s, want %s", target, got, want)
		}
	}
	if got, want := EncodeLocation("/ä/☃?x#y z"), "/%C3%A4/%E2%98%83?x#y z"; got != want {
		t.Errorf("EncodeLocation = %s, want %s", got, want)
	}
	if got, want := EncodeURIComponent("/x y?ä&b=c/d~!*'()"), "%2Fx%20y%3F%C3%A4%26b%3Dc%2Fd~!*'()"; got != want {
		t.Errorf("EncodeURIComponent = %s, want %s", got, want)
	}
}
