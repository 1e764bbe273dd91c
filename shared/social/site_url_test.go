package social_test

import (
	"strings"
	"testing"
)

func TestSignInRedirectsToSiteAtAnotherOrigin(t *testing.T) {
	t.Parallel()
	const siteURL = "https://www.example.com/learn"
	s := newServer(t, "SITE_URL", siteURL)
	for _, c := range []struct{ name, body, want string }{
		{"without a callback", "", siteURL},
		{"with a path", `,"callbackURL":"/learn/home?x=1"`, "https://www.example.com/learn/home?x=1"},
		{"with a URL", `,"callbackURL":"https://www.example.com/a"`, "https://www.example.com/a"},
	} {
		if a := s.browser().signIn("google", c.body, verifiedVisit()); a.status != 302 || a.location() != c.want {
			t.Errorf("sign in %s: got %d to %s, want 302 to %s", c.name, a.status, a.location(), c.want)
		}
	}
	denied := verifiedVisit()
	denied.Refuse = "access_denied"
	a := s.browser().signIn("google", `,"errorCallbackURL":"/learn/login"`, denied)
	if want := "https://www.example.com/learn/login?error=access_denied"; !strings.HasPrefix(a.location(), want) {
		t.Errorf("sign-in that the user refuses: got a redirect to %s, want %s", a.location(), want)
	}
}
