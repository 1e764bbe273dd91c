package passwordless_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

func TestLinkSignsUpANewUserWithAVerifiedEmail(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	link := s.sendLink("Ada@Example.com", `,"name":"Ada","callbackURL":"/dash","newUserCallbackURL":"/welcome"`)
	b := s.browser()
	a := b.do("GET", link, "")
	if a.status != http.StatusFound || a.location() != origin+"/welcome" || b.userID() == "" {
		t.Errorf("link: got %d and a redirect to %s, want 302, /welcome and a session", a.status, a.location())
	}
	const want = "Ada|ada@example.com|true|0"
	if got := query[string](s, `
		SELECT concat_ws('|', name, email, "emailVerified"::text, (SELECT count(*) FROM account)) FROM "user"`); got != want {
		t.Errorf("user: got %s, want %s", got, want)
	}
}

// A link signs in once, however many requests redeem it at the same time.
func TestParallelClicksOnALinkStartOneSession(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(s *server){
		"a new user":        func(*server) {},
		"a verified user":   func(s *server) { s.browser().signUp(ada, true); dbtest.Exec(t, s.url, `DELETE FROM session`) },
		"an unverified one": func(s *server) { s.browser().signUp(ada, false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			prepare(s)
			link := s.sendLink(ada, `,"callbackURL":"/dash"`)
			count := map[string]int{}
			for _, a := range s.doAtOnce(50, func(b *browser) answer { return b.do("GET", link, "") }) {
				count[a.location()]++
			}
			want := map[string]int{origin + "/dash": 1, origin + "/dash?error=INVALID_TOKEN": 49}
			if diff := cmp.Diff(want, count); diff != "" {
				t.Errorf("redirects of 50 clicks (-want +got):\n%s", diff)
			}
			if got := query[int](s, `SELECT count(*) FROM session`); got != 1 {
				t.Errorf("sessions: got %d, want 1", got)
			}
		})
	}
}

// Two links of one email are opened at the same time, and no user has the email. Both sign in, and one user is created.
func TestParallelLinksOfANewUserCreateOneUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	links := make(chan string, 20)
	for range cap(links) {
		links <- s.sendLink(ada, `,"callbackURL":"/dash"`)
	}
	for _, a := range s.doAtOnce(cap(links), func(b *browser) answer { return b.do("GET", <-links, "") }) {
		if a.location() != origin+"/dash" {
			t.Errorf("link: got %d and a redirect to %s, want /dash", a.status, a.location())
		}
	}
	users, sessions := query[int](s, `SELECT count(*) FROM "user"`), query[int](s, `SELECT count(*) FROM session`)
	if users != 1 || sessions != cap(links) {
		t.Errorf("got %d users and %d sessions, want 1 and %d", users, sessions, cap(links))
	}
}

// A person signs up with the email of another person, and does not verify it. The owner of the email then signs in with
// a link.
func TestLinkTakesAnUnprovedAccountFromTheOneWhoCreatedIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	attacker := s.browser()
	id := attacker.signUp(ada, false)
	attacker.do("POST", "/api/auth/request-password-reset", `{"email":"`+ada+`"}`).check(t, "reset", http.StatusOK, "")
	reset := s.takeMail()
	dbtest.Exec(t, s.url, `
		INSERT INTO account (id, "accountId", "providerId", "userId", "createdAt", "updatedAt")
		VALUES (gen_random_uuid(), '1', 'github', $1, now(), now())`, id)
	owner := s.browser()
	owner.do("GET", s.sendLink(ada, `,"callbackURL":"/dash"`), "")
	if got := owner.userID(); got != id {
		t.Errorf("user of the link: got %q, want %q", got, id)
	}
	if got := attacker.userID(); got != "" {
		t.Error("the session from before the link is still valid, want it ended")
	}
	a := s.browser().do("POST", "/api/auth/sign-in/email", `{"email":"`+ada+`","password":"correct horse"}`)
	a.check(t, "sign-in with the password from before", http.StatusUnauthorized, "INVALID_EMAIL_OR_PASSWORD")
	a = s.browser().do("POST", "/api/auth/reset-password", `{"newPassword":"another horse","token":"`+reset.Token+`"}`)
	a.check(t, "reset link from before", http.StatusBadRequest, "INVALID_TOKEN")
	if got := query[int](s, `SELECT count(*) FROM account`); got != 0 {
		t.Errorf("accounts: got %d, want 0", got)
	}
}

func TestLinkKeepsThePasswordAndSessionsOfAVerifiedUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	id := b.signUp(ada, true)
	s.browser().do("GET", s.sendLink(ada, ""), "")
	if got := b.userID(); got != id {
		t.Errorf("the session from before the link: got the user %q, want %q", got, id)
	}
	if got := query[int](s, `SELECT count(*) FROM account`); got != 1 {
		t.Errorf("accounts: got %d, want 1", got)
	}
}

func TestLinkExpiresAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	link := s.sendLink(ada, `,"callbackURL":"/dash"`)
	s.now = s.now.Add(5 * time.Minute)
	live := s.sendLink(ada, `,"callbackURL":"/dash"`)
	s.now = s.now.Add(time.Millisecond)
	if a := s.browser().do("GET", link, ""); a.location() != origin+"/dash?error=INVALID_TOKEN" {
		t.Errorf("link after 5 minutes and a millisecond: got a redirect to %s, want INVALID_TOKEN", a.location())
	}
	s.now = s.now.Add(5*time.Minute - time.Millisecond)
	if a := s.browser().do("GET", live, ""); a.location() != origin+"/dash" {
		t.Errorf("link after 5 minutes: got a redirect to %s, want /dash", a.location())
	}
}

func TestLinkOfABannedUserStartsNoSession(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.browser().signUp(ada, true)
	dbtest.Exec(t, s.url, `UPDATE "user" SET banned = true`)
	dbtest.Exec(t, s.url, `DELETE FROM session`)
	link := s.sendLink(ada, `,"errorCallbackURL":"/oh"`)
	s.browser().do("GET", link, "").check(t, "link of a banned user", http.StatusForbidden, "BANNED_USER")
	if got := query[int](s, `SELECT count(*) FROM session`); got != 0 {
		t.Errorf("sessions: got %d, want 0", got)
	}
}

// If a trigger or constraint of the operator rejects the new user, nothing is stored and the link stays valid.
func TestLinkStaysValidIfATriggerRejectsTheUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	link := s.sendLink(ada, `,"callbackURL":"/dash"`)
	dbtest.Exec(t, s.url, `ALTER TABLE "user" ADD CONSTRAINT staff CHECK (email LIKE '%@staff.example')`)
	if a := s.browser().do("GET", link, ""); a.location() != origin+"/dash?error=failed_to_create_user" {
		t.Errorf("link: got %d and a redirect to %s, want failed_to_create_user", a.status, a.location())
	}
	dbtest.Exec(t, s.url, `ALTER TABLE "user" DROP CONSTRAINT staff`)
	if a := s.browser().do("GET", link, ""); a.location() != origin+"/dash" {
		t.Errorf("link: got %d and a redirect to %s, want /dash", a.status, a.location())
	}
}

// A name with a NUL character can be stored with the link, but not in the table user.
func TestNameThatPostgresCannotStoreIsNoServerError(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.browser().do("GET", s.sendLink(ada, `,"name":"a\u0000b"`), "")
	if a.location() != origin+"/?error=failed_to_create_user" {
		t.Errorf("link: got %d and a redirect to %s, want failed_to_create_user", a.status, a.location())
	}
}

// A mail scanner that opens the link does not use it up. Only the request of the page does, which has a trusted origin.
func TestLinkNeedsAClickWithConfirmation(t *testing.T) {
	t.Parallel()
	s := newServer(t, "MAGIC_LINK_CONFIRM", "on", "SITE_URL", "https://www.example.com/learn")
	link := s.sendLink(ada, `,"callbackURL":"/a b?x=1&y=2"`)
	_, query, _ := strings.Cut(link, "?")
	for range 2 {
		a := s.browser().do("GET", link, "")
		want := "https://www.example.com/learn/magic-link/?" + query
		if a.location() != want || a.header["Set-Cookie"] != nil {
			t.Errorf("link: got %d, a redirect to %s and the cookies %q, want %s and none",
				a.status, a.location(), a.header["Set-Cookie"], want)
		}
	}
	token, _, _ := strings.Cut(strings.TrimPrefix(query, "token="), "&")
	body := `{"token":"` + token + `"}`
	a := s.browser().do("POST", verifyPath, body, "Origin", "https://evil.example")
	a.check(t, "confirmation of another origin", http.StatusForbidden, "INVALID_ORIGIN")
	a = s.browser().do("POST", verifyPath, `{}`)
	a.check(t, "confirmation without a token", http.StatusBadRequest, "VALIDATION_ERROR")
	b := s.browser()
	a = b.do("POST", verifyPath, body)
	a.check(t, "confirmation", http.StatusOK, "")
	if b.userID() == "" || a.text("token") == "" {
		t.Errorf("confirmation: got %s and no session, want the session", a.body)
	}
	a = s.browser().do("POST", verifyPath, body)
	a.check(t, "second confirmation", http.StatusBadRequest, "INVALID_TOKEN")
	a = s.browser().do("GET", verifyPath+"?token=x&callbackURL=https://evil.example/", "")
	a.check(t, "link with an untrusted callbackURL", http.StatusForbidden, "INVALID_CALLBACK_URL")
}

func TestConfirmationIsNotFoundWithoutTheSetting(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if a := s.browser().do("POST", verifyPath, `{"token":"x"}`); a.status != http.StatusNotFound || a.body != "" {
		t.Errorf("POST without MAGIC_LINK_CONFIRM: got %d %q, want 404 and no body", a.status, a.body)
	}
}

func TestConfirmationWithSignUpOffHasItsOwnError(t *testing.T) {
	t.Parallel()
	s := newServer(t, "MAGIC_LINK_CONFIRM", "on", "SIGN_UP", "off")
	s.sendLink(ada, "")
	s.browser().do("POST", sendLinkPath, `{"email":"`+ada+`"}`)
	a := s.browser().do("POST", verifyPath, `{"token":"`+s.takeMail().Token+`"}`)
	a.check(t, "confirmation with SIGN_UP=off", http.StatusBadRequest, "new_user_signup_disabled")
}

func TestRoundTripsOfMagicLinks(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	s.browser().do("GET", verifyPath+"?token=x", "") // connects
	for _, c := range []struct {
		name string
		send func()
		want int
	}{
		{"request for a link", func() { s.browser().do("POST", sendLinkPath, `{"email":"`+ada+`"}`) }, 4},
		{"link", func() { s.browser().do("GET", verifyPath+"?token="+s.takeMail().Token, "") }, 2},
		{"unknown link", func() { s.browser().do("GET", verifyPath+"?token=x", "") }, 1},
	} {
		if got := s.countRoundTrips(c.send); got != c.want {
			t.Errorf("%s: got %d round trips, want %d", c.name, got, c.want)
		}
	}
}
