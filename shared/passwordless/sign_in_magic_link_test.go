package passwordless_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/mail"
)

// Whether a user has the email shows neither in the response, nor in the mail, nor in the number of round trips.
func TestRequestForALinkDoesNotShowWhetherTheUserExists(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	s.browser().signUp(ada, true)
	request := func(email string) (result string) {
		trips := s.countRoundTrips(func() {
			a := s.browser().do("POST", sendLinkPath, `{"email":"`+email+`"}`)
			m := s.takeMail()
			result = fmt.Sprint(a.status, a.body, a.header["Set-Cookie"], m.Kind, len(m.URL))
		})
		return fmt.Sprint(result, trips)
	}
	request("first@example.com") // prepares the statements
	if known, unknown := request(ada), request("bob@example.com"); known != unknown {
		t.Errorf("request for a link:\ngot  %s for a known email\nand  %s for an unknown one, want the same", known, unknown)
	}
}

func TestLinksToOneEmailAreLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	sent := map[mail.Kind]int{}
	var answers []string
	request := func(ip string) {
		b := s.browser()
		b.ip = ip
		a := b.do("POST", sendLinkPath, `{"email":"`+ada+`"}`)
		answers = append(answers, fmt.Sprint(a.status, a.body))
		for _, m := range s.box.takeAll() {
			sent[m.Kind]++
		}
		s.now = s.now.Add(time.Minute + time.Second)
	}
	for range 8 {
		request("192.0.2.1")
	}
	if diff := cmp.Diff(map[mail.Kind]int{mail.MagicLink: 5, mail.Nothing: 3}, sent); diff != "" {
		t.Errorf("mails for 8 requests of one client (-want +got):\n%s", diff)
	}
	for i := range 20 {
		request(fmt.Sprintf("192.0.2.%d", 10+i))
	}
	if diff := cmp.Diff(map[mail.Kind]int{mail.MagicLink: 20, mail.Nothing: 8}, sent); diff != "" {
		t.Errorf("mails for 28 requests of 21 clients (-want +got):\n%s", diff)
	}
	if slices.Sort(answers); len(slices.Compact(answers)) != 1 {
		t.Errorf("requests for links: got the responses %q, want the same response to every request", answers)
	}
}

// Better Auth allows five requests a minute for each of the two paths.
func TestRateLimitsOfMagicLinks(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	for _, send := range []func(b *browser) answer{
		func(b *browser) answer { return b.do("POST", sendLinkPath, `{"email":"no"}`) },
		func(b *browser) answer { return b.do("GET", verifyPath+"?token=x", "") },
	} {
		for i := range 7 {
			a := send(s.browser())
			if got, want := a.status == http.StatusTooManyRequests, i >= 5; got != want {
				t.Errorf("request %d: got status %d, want 429 %v", i+1, a.status, want)
			}
		}
		s.now = s.now.Add(time.Minute)
		if a := send(s.browser()); a.status == http.StatusTooManyRequests {
			t.Error("request after a minute: got status 429, want another one")
		}
	}
}

// A user of X without an email has a placeholder as email, which is not a mailbox.
func TestNoLinkIsMailedToAPlaceholder(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.browser().do("POST", sendLinkPath, `{"email":"12345@twitter.placeholder.invalid"}`)
	a.check(t, "request for a link", http.StatusOK, "")
	if got := s.takeMail().Kind; got != mail.Nothing {
		t.Errorf("mail to a placeholder: got the kind %q, want %q", got, mail.Nothing)
	}
}

func TestLinkOpensTheSiteAtAnotherOrigin(t *testing.T) {
	t.Parallel()
	s := newServer(t, "SITE_URL", "https://www.example.com/learn")
	link := s.sendLink(ada, "")
	if want := "callbackURL=https%3A%2F%2Fwww.example.com%2Flearn%2F"; !strings.Contains(link, want) {
		t.Errorf("link without a callbackURL: got %s, want one with %s", link, want)
	}
	if a := s.browser().do("GET", link, ""); a.location() != "https://www.example.com/learn/" {
		t.Errorf("link: got a redirect to %s, want the start page", a.location())
	}
	if a := s.browser().do("GET", link, ""); a.location() != "https://www.example.com/learn/?error=INVALID_TOKEN" {
		t.Errorf("used link: got a redirect to %s, want the start page", a.location())
	}
	link = s.sendLink(ada, `,"callbackURL":"/learn/dash"`)
	if a := s.browser().do("GET", link, ""); a.location() != "https://www.example.com/learn/dash" {
		t.Errorf("link: got a redirect to %s, want the page of the site", a.location())
	}
}

// The routes of plugins that are off answer like paths that do not exist, and the audit log does not have them.
func TestRoutesOfPluginsThatAreOffAreNotFound(t *testing.T) {
	t.Parallel()
	s := newServer(t, "MAGIC_LINK", "off", "EMAIL_OTP", "off", "MAGIC_LINK_CONFIRM", "on", "RATE_LIMIT", "on")
	for _, route := range []string{"POST " + sendLinkPath, "GET " + verifyPath + "?token=x", "POST " + verifyPath} {
		method, path, _ := strings.Cut(route, " ")
		for range 7 {
			if a := s.browser().do(method, path, `{"email":"no"}`); a.status != http.StatusNotFound || a.body != "" {
				t.Errorf("%s: got %d %q, want 404 and no body", route, a.status, a.body)
			}
		}
	}
}
