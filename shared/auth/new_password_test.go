package auth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/password"
)

const compromisedReply = `{"message":"The password you entered has been compromised. Please choose a different ` +
	`password.","code":"PASSWORD_COMPROMISED"}`

// setPasswordByEveryRoute sets a password by each route that can do so, and returns the responses by route: sign-up,
// change, reset.
func (s *server) setPasswordByEveryRoute(password string) map[string]answer {
	s.t.Helper()
	box := &mailbox{}
	s.svc.Mail = box
	name := strings.ReplaceAll(s.t.Name(), "/", "")
	_ = s.do("POST", signUpPath, strings.ReplaceAll(signUpBody, "ada@", name+"@"))
	in := s.do("POST", signInPath, strings.ReplaceAll(signInBody, "ada@", name+"@"))
	all := map[string]answer{
		"sign-up": s.do("POST", signUpPath, `{"name":"Eve","email":"new-`+name+`@example.com","password":"`+password+`"}`),
		"change": s.do("POST", "/api/auth/change-password",
			`{"currentPassword":"correct horse","newPassword":"`+password+`"}`,
			"Cookie", in.cookie(), "Origin", origin),
	}
	s.do("POST", requestResetPath, `{"email":"`+name+`@example.com"}`) // after the change, which deletes older tokens
	token := box.takeAll()[0].Token
	all["reset"] = s.do("POST", "/api/auth/reset-password", `{"token":"`+token+`","newPassword":"`+password+`"}`)
	return all
}

func TestCommonPasswordsAreRefusedByEveryRoute(t *testing.T) {
	t.Parallel()
	enableBlocklist := func(env map[string]string) { env["PASSWORD_BLOCKLIST"] = "on" }
	for route, a := range newServer(t, enableBlocklist).setPasswordByEveryRoute("Password1") {
		if a.status != 400 || a.body != compromisedReply {
			t.Errorf("%s with a common password: got %d %s, want 400 %s", route, a.status, a.body, compromisedReply)
		}
	}
	for route, a := range newServer(t, enableBlocklist).setPasswordByEveryRoute("battery staple") {
		if a.status != 200 {
			t.Errorf("%s with an uncommon password: got %d %s, want 200", route, a.status, a.body)
		}
	}
	for route, a := range newServer(t).setPasswordByEveryRoute("Password1") {
		if a.status != 200 {
			t.Errorf("%s with a common password and the check switched off: got %d %s, want 200",
				route, a.status, a.body)
		}
	}
}

func TestBreachedPasswordsAreRefusedByEveryRoute(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		if r.URL.Path == "/range/5BAA6" { // "password"
			_, _ = w.Write([]byte("1E4C9B93F3F0682250B6CF8331B7EE68FD8:3\r\n"))
		}
	}))
	t.Cleanup(service.Close)
	start := func() *server {
		s := newServer(t, func(env map[string]string) { env["PASSWORD_BREACH_CHECK"] = "on" })
		s.svc.Breaches = &password.Breaches{URL: service.URL}
		return s
	}
	for route, a := range start().setPasswordByEveryRoute("password") {
		if a.status != 400 || a.body != compromisedReply {
			t.Errorf("%s with a breached password: got %d %s, want 400 %s", route, a.status, a.body, compromisedReply)
		}
	}
	for route, a := range start().setPasswordByEveryRoute("battery staple") {
		if a.status != 200 {
			t.Errorf("%s with a password that is not breached: got %d %s, want 200", route, a.status, a.body)
		}
	}
	status = http.StatusServiceUnavailable
	for route, a := range start().setPasswordByEveryRoute("password") {
		if a.status != 200 {
			t.Errorf("%s with the breach service unavailable: got %d %s, want 200", route, a.status, a.body)
		}
	}
}
