package auth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/mail"
)

const siteURL = "https://ada.github.io/learn"

// redirectTargetOf opens a mailed link and returns the redirect target.
func (s *server) redirectTargetOf(link string, headers ...string) string {
	s.t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Scheme+"://"+u.Host != origin {
		s.t.Fatalf("got the link %s, want one of the API at %s", link, origin)
	}
	a := s.do("GET", u.RequestURI(), "", headers...)
	if a.status != 302 {
		s.t.Errorf("open %s: got %d %s, want 302", u.RequestURI(), a.status, a.body)
	}
	return a.header.Get("Location")
}

func TestMailedLinksRedirectToSiteAtAnotherOrigin(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "SITE_URL="+siteURL, "DELETE_USER_VERIFICATION=on")
	ada := s.signUpAda()
	requestVerification := func(callbackURL string) func() string {
		return func() string { return s.requestVerificationLink(box, ada, callbackURL).URL }
	}
	requestReset := func(redirectTo string) func() string {
		return func() string {
			s.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com","redirectTo":"`+redirectTo+`"}`)
			return box.takeOne(t).URL
		}
	}
	requestDeletion := func() string {
		s.do("POST", "/api/auth/delete-user", `{}`, ada.bearerHeader()...)
		return box.takeOne(t).URL
	}
	openBrokenLink := func(link func() string, before string) func() string {
		return func() string { return strings.Replace(link(), before, before+"x", 1) }
	}
	for _, c := range []struct {
		name string
		link func() string
		want string
	}{
		{
			"invalid verification link without a callback", openBrokenLink(requestVerification(""), "token="),
			siteURL + "/?error=INVALID_TOKEN",
		},
		{
			"invalid verification link", openBrokenLink(requestVerification("/done?x=1#f"), "token="),
			"https://ada.github.io/done?x=1&error=INVALID_TOKEN#f",
		},
		{"verification link without a callback", requestVerification(""), siteURL + "/"},
		{"reset link", requestReset("/learn/reset"), "https://ada.github.io/learn/reset?token=TOKEN"},
		{"reset link with a URL", requestReset("https://ada.github.io/r?a=1"), "https://ada.github.io/r?a=1&token=TOKEN"},
		{
			"invalid reset link", openBrokenLink(requestReset("/..//evil"), "reset-password/"),
			"https://ada.github.io//evil?error=INVALID_TOKEN",
		},
		{"link that deletes the account", requestDeletion, siteURL + "/"},
	} {
		location := s.redirectTargetOf(c.link(), ada.bearerHeader()...)
		if base, token, ok := strings.Cut(location, "token="); ok && token != "" {
			location = base + "token=TOKEN"
		}
		if location != c.want {
			t.Errorf("%s: got a redirect to %s, want %s", c.name, location, c.want)
		}
	}
}

func TestSiteAtAnotherOriginIsTargetOfMailsAboutAChange(t *testing.T) {
	t.Parallel()
	s, box := newMailServer(t, "SITE_URL="+siteURL)
	ada := s.signUpAda()
	s.exec(`UPDATE "user" SET "emailVerified" = true`)
	s.do("POST", "/api/auth/change-email", `{"newEmail":"new@example.com"}`, ada.bearerHeader()...)
	mails := box.takeAll()
	links := map[mail.Kind]string{}
	for _, m := range mails {
		links[m.Kind] = m.URL
	}
	if got := links[mail.EmailChangeNotice]; !strings.HasPrefix(got, siteURL+"/cancel-email-change/?token=") {
		t.Errorf("notice to the old email: got the link %s, want the page of the site at %s", got, siteURL)
	}
	if got := s.redirectTargetOf(links[mail.VerifyEmail]); got != siteURL+"/" {
		t.Errorf("link to the new email: got a redirect to %s, want %s/", got, siteURL)
	}
	if changed := box.takeOne(t); changed.Kind != mail.EmailChanged || changed.URL != siteURL {
		t.Errorf("after the change: got the mail %s with %s, want %s with %s",
			changed.Kind, changed.URL, mail.EmailChanged, siteURL)
	}
}

func TestSiteAtAnotherOriginMayCallTheAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t, changeSetting("SITE_URL", siteURL))
	ada := s.signUpAda()
	for _, c := range []struct {
		origin string
		status int
	}{{"https://ada.github.io", 200}, {origin, 200}, {"https://eve.github.io", 403}} {
		a := s.do("POST", "/api/auth/update-user", `{"name":"Ada"}`, "Cookie", ada.cookie(), "Origin", c.origin)
		allowed := a.header.Get("Access-Control-Allow-Origin")
		if a.status != c.status || (allowed == c.origin) != (c.origin == "https://ada.github.io") {
			t.Errorf(
				"POST update-user from %s: got %d %s, allowed origin %q, want %d",
				c.origin,
				a.status,
				a.body,
				allowed,
				c.status,
			)
		}
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Strict-Transport-Security": "",
		} {
			if got := a.header.Get(header); got != want {
				t.Errorf("POST update-user from %s: got %s: %q, want %q", c.origin, header, got, want)
			}
		}
	}
}
