package attack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const concurrentRequests = 100 // of each kind

// responseCounts counts responses by all that a client can compare: everything except the request id and the remaining
// wait.
type responseCounts struct {
	mu  sync.Mutex
	got map[string]int
}

func (c *responseCounts) add(w *httptest.ResponseRecorder) {
	h := w.Header().Clone()
	h.Del("X-Request-Id")
	h.Del("X-Retry-After") // it has the remaining seconds, which vary
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got[fmt.Sprintf("%d %v %s", w.Code, h, w.Body)]++
}

// countWithStatus returns how many responses had a status, and the number of distinct responses with this status.
func (c *responseCounts) countWithStatus(status int) (answers, distinct int) {
	for text, n := range c.got {
		if strings.HasPrefix(text, fmt.Sprintf("%d ", status)) {
			answers, distinct = answers+n, distinct+1
		}
	}
	return answers, distinct
}

// A hundred concurrent requests guess the password of a known email, and a hundred others that of an unknown email.
// Each of the two groups comes from one IP address and sends forged X-Forwarded-For entries. At the same time a hundred
// requests ask for password resets. In each group only three guesses are compared with a password (R15, R16, R20), and
// both groups get the same responses (R18). All responses to the reset requests are equal (R19), and the owner of the
// account can reset the password (R17).
func TestR15R16R17R18R19R20_UnderLoad(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	s.newUser(t)
	start := time.Now()
	e := s.newEnvironment(t, 5, func() time.Time { return start }, "RATE_LIMIT=on", "CLIENT_IP=xff:1")
	guesses := map[string]*responseCounts{
		userEmail:            {got: map[string]int{}},
		"nobody@example.com": {got: map[string]int{}},
	}
	resets := &responseCounts{got: map[string]int{}}
	send := func(c *responseCounts, forwardedFor, path, body string) {
		c.add(e.do("POST", path, body, http.Header{"X-Forwarded-For": {forwardedFor}}))
	}
	var group sync.WaitGroup
	for i := range concurrentRequests {
		for guessed, c := range guesses {
			hop := fmt.Sprintf("192.0.2.%d", len(guessed))
			group.Go(func() {
				send(c, fmt.Sprintf("10.0.0.%d, ::%d, unknown, %s", i, i, hop), "/api/auth/sign-in/email",
					`{"email":"`+guessed+`","password":"wrong horse"}`)
			})
		}
		recipient := userEmail
		if i%2 > 0 {
			recipient = fmt.Sprintf("nobody%d@example.com", i)
		}
		group.Go(func() {
			send(resets, fmt.Sprintf("198.51.100.%d", i), "/api/auth/request-password-reset", `{"email":"`+recipient+`"}`)
		})
	}
	group.Wait()

	responses := map[string]bool{}
	for guessed, c := range guesses {
		compared, distinct := c.countWithStatus(http.StatusUnauthorized)
		limited, _ := c.countWithStatus(http.StatusTooManyRequests)
		if compared != 3 || distinct != 1 || limited != concurrentRequests-3 {
			t.Errorf("sign-ins as %s: got 401 %d times with %d different bodies, and 429 %d times; want 3, 1 and %d",
				guessed, compared, distinct, limited, concurrentRequests-3)
		}
		for text := range c.got {
			responses[text] = true
		}
	}
	if len(responses) != 2 {
		t.Errorf("different responses to all sign-ins: got %d, want one 401 and one 429: %v", len(responses), responses)
	}
	if answers, distinct := resets.countWithStatus(http.StatusOK); answers != concurrentRequests || distinct != 1 {
		t.Errorf("request-password-reset: got 200 %d times with %d different bodies, want %d times with equal bodies: %v",
			answers, distinct, concurrentRequests, resets.got)
	}
	body := `{"newPassword":"another horse","token":"` + s.newestMailToken(t) + `"}`
	w := e.do("POST", "/api/auth/reset-password", body, http.Header{"X-Forwarded-For": {"198.51.100.200"}})
	if w.Code != http.StatusOK {
		t.Errorf("the owner's reset-password: got %d %s, want 200", w.Code, w.Body)
	}
}
