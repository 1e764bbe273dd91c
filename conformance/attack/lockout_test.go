package attack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

const (
	signInPath       = "/api/auth/sign-in/email"
	rightCredentials = `{"email":"` + userEmail + `","password":"` + userPassword + `"}`
	wrongCredentials = `{"email":"` + userEmail + `","password":"wrong horse"}`
)

// device is a browser of a user: its IP address and cookies.
type device struct {
	ip      string
	cookies map[string]string
}

// post sends a request from d and stores the cookies of the response.
func (e *environment) post(d *device, path, body string) *httptest.ResponseRecorder {
	header := http.Header{"X-Forwarded-For": {d.ip}, "Origin": {"http://localhost:3000"}}
	for name, value := range d.cookies {
		header.Add("Cookie", name+"="+value)
	}
	w := e.do("POST", path, body, header)
	for _, c := range w.Result().Cookies() {
		if d.cookies == nil {
			d.cookies = map[string]string{}
		}
		if d.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(d.cookies, c.Name)
		}
	}
	return w
}

// deleteSessionCookies deletes the session cookies of d and keeps the other cookies.
func (d *device) deleteSessionCookies() {
	for name := range d.cookies {
		if strings.Contains(name, "session") {
			delete(d.cookies, name)
		}
	}
}

// guessFromManyIPs sends one wrong password from each of n IP addresses and returns how many of them the server
// compared with the password: those that got 401 and not 429.
func (e *environment) guessFromManyIPs(t *testing.T, n int) (compared int) {
	t.Helper()
	for i := range n {
		switch w := e.post(&device{ip: fmt.Sprintf("198.51.100.%d", i)}, signInPath, wrongCredentials); w.Code {
		case http.StatusUnauthorized:
			compared++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("sign-in with a wrong password: got %d %s, want 401 or 429", w.Code, w.Body)
		}
	}
	return compared
}

// newestMailToken returns the token of the newest mail in the outbox.
func (s *testServer) newestMailToken(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.env["MAIL_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var mail struct{ Token string }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &mail); err != nil || mail.Token == "" {
		t.Fatalf("the last line of the outbox: got %s and the error %v, want JSON with a token", lines[len(lines)-1], err)
	}
	return mail.Token
}

// For ten minutes, fifty IP addresses guess the password of one account as fast as the limit by IP address allows. All
// sign-ins of the owner succeed: on a device with a device cookie, and on a new device after a password reset there.
func TestOwnerSignsInDuringAttackFromFiftyIPAddresses(t *testing.T) {
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	s := newTestServer(t)
	e := s.newEnvironment(t, 4, func() time.Time { return now }, "RATE_LIMIT=on", "CLIENT_IP=xff:1")
	known, fresh := &device{ip: "203.0.113.1"}, &device{ip: "203.0.113.2"}
	w := e.post(known, "/api/auth/sign-up/email", `{"name":"Ada","email":"`+userEmail+`","password":"`+userPassword+`"}`)
	if w.Code != http.StatusOK {
		t.Fatalf("sign-up: got %d %s, want 200", w.Code, w.Body)
	}
	credentials, refused, tries, compared := rightCredentials, 0, 0, 0
	signIn := func(d *device) {
		d.deleteSessionCookies()
		tries++
		if w := e.post(d, signInPath, credentials); w.Code != http.StatusOK {
			refused++
		}
	}
	for second := 0; second < 600; second += 10 {
		for range 3 {
			compared += e.guessFromManyIPs(t, 50)
		}
		signIn(known)
		if second == 300 { // the owner changes to a new device and resets the password there
			if w := e.post(fresh, signInPath, credentials); w.Code != http.StatusTooManyRequests {
				t.Errorf("sign-in from an unknown device during the attack: got %d, want 429", w.Code)
			}
			credentials = strings.Replace(rightCredentials, userPassword, "battery staple", 1)
			e.resetPassword(t, s, fresh, "battery staple")
			known = fresh // a reset invalidates the device cookie of the old device
			signIn(known)
		}
		now = now.Add(10 * time.Second)
	}
	t.Logf("%d of the owner's %d sign-ins were rejected; %d guesses were compared in ten minutes",
		refused, tries, compared)
	if refused > 0 {
		t.Errorf("rejected sign-ins of the owner: got %d of %d, want none", refused, tries)
	}
}

// resetPassword resets the owner's password on the device d, with the token of the newest mail.
func (e *environment) resetPassword(t *testing.T, s *testServer, d *device, newPassword string) {
	t.Helper()
	if w := e.post(d, "/api/auth/request-password-reset", `{"email":"`+userEmail+`"}`); w.Code != http.StatusOK {
		t.Fatalf("request-password-reset: got %d %s, want 200", w.Code, w.Body)
	}
	body := fmt.Sprintf(`{"token":%q,"newPassword":%q}`, s.newestMailToken(t), newPassword)
	if w := e.post(d, "/api/auth/reset-password", body); w.Code != http.StatusOK {
		t.Fatalf("reset-password: got %d %s, want 200", w.Code, w.Body)
	}
}

// Fifty IP addresses guess the password of one account for a day, each once every two minutes.
func TestGuessesOfOneAccountStayBelowAThousandADay(t *testing.T) {
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	s := newTestServer(t)
	e := s.newEnvironment(t, 4, func() time.Time { return now }, "RATE_LIMIT=on", "CLIENT_IP=xff:1")
	e.newUser(t)
	compared := 0
	for minute := 0; minute < 24*60; minute += 2 {
		compared += e.guessFromManyIPs(t, 50)
		now = now.Add(2 * time.Minute)
	}
	t.Logf("%d guesses were compared in a day", compared)
	if compared == 0 || compared >= 1000 {
		t.Errorf("guesses compared with the password in a day: got %d, want 1 to 999", compared)
	}
}

// With PASSWORD_BLOCKLIST=on a sign-up with a common password is rejected, because attackers try such passwords first.
func TestCommonPasswordsCannotBeChosen(t *testing.T) {
	s := newTestServer(t)
	e := s.newEnvironment(t, 2, time.Now, "PASSWORD_BLOCKLIST=on")
	for _, common := range []string{"password1", "1234567890", "Qwertyuiop", "iloveyou1"} {
		w := e.do("POST", "/api/auth/sign-up/email", `{"name":"Ada","email":"`+userEmail+`","password":"`+common+`"}`, nil)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "PASSWORD_COMPROMISED") {
			t.Errorf("sign-up with the password %s: got %d %s, want 400 PASSWORD_COMPROMISED", common, w.Code, w.Body)
		}
	}
}
