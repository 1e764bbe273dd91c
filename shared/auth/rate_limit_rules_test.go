package auth_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// rateLimitRulesForClass is the value of RATE_LIMIT_RULES that docs/configuration.md recommends for many users behind
// one IP address.
const rateLimitRulesForClass = `{"/sign-in/email": {"window": 10, "max": 60}, ` +
	`"/get-session": {"window": 10, "max": 1000}, ` +
	`"/token": {"window": 10, "max": 1000}}`

// Each of 30 users opens the login page, signs in and gets a JWT. After a rejected request, the client waits as long as
// X-Retry-After says and repeats the request.
func TestAClassOf30BehindOneIPAddressSignsInWithinAMinute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules        string
		atMost, over time.Duration
	}{
		"documented setting":   {rateLimitRulesForClass, time.Minute, -1},
		"Better Auth's limits": {"", time.Hour, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, enableRateLimits, setClientIP("xff:1"),
				func(env map[string]string) { env["RATE_LIMIT_RULES"] = c.rules })
			begin := s.now
			const client = `{"name":"Ada","email":"ada%d@example.com","password":"correct horse"}`
			for i := range 30 {
				s.do("POST", signUpPath, fmt.Sprintf(client, i), "X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
			}
			class := []string{"X-Forwarded-For", "192.0.2.1"}
			waitIfLimited := func(a answer) bool {
				if a.status != 429 {
					return false
				}
				seconds, err := strconv.Atoi(a.header.Get("X-Retry-After"))
				if err != nil {
					t.Fatal(err)
				}
				s.now = s.now.Add(time.Duration(seconds) * time.Second)
				return true
			}
			for i := range 30 {
				for waitIfLimited(s.do("GET", "/api/auth/get-session", "", class...)) {
				}
				in := s.do("POST", signInPath, fmt.Sprintf(client, i), class...)
				for ; waitIfLimited(in); in = s.do("POST", signInPath, fmt.Sprintf(client, i), class...) {
				}
				if in.status != 200 {
					t.Fatalf("sign-in of user %d: got %d %s, want 200", i, in.status, in.body)
				}
				for waitIfLimited(s.do("GET", "/api/auth/token", "", append(class, "Cookie", in.cookie())...)) {
				}
			}
			if took := s.now.Sub(begin); took > c.atMost || took <= c.over {
				t.Errorf("the last user has a JWT after %v, want more than %v and at most %v", took, c.over, c.atMost)
			}
		})
	}
}

func TestRateLimitRulesSwitchALimitOff(t *testing.T) {
	t.Parallel()
	s := newServer(t, enableRateLimits, func(env map[string]string) {
		env["RATE_LIMIT_RULES"] = `{"/sign-in/**": false, "/sign-in/email": {"window": 10, "max": 1}}`
	})
	for i := range 8 {
		if a := s.do("POST", signInPath, fmt.Sprintf(`{"email":"ada%d@example.com","password":"wrong"}`,
			i)); a.status != 401 {
			t.Fatalf("sign-in %d without a limit: got %d, want 401", i, a.status)
		}
	}
}
