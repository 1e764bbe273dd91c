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

const crowd = 100 // requests at the same moment

// tally counts answers by what a client can tell of them: everything but the id of the request.
type tally struct {
	mu  sync.Mutex
	got map[string]int
}

func (c *tally) add(w *httptest.ResponseRecorder) {
	h := w.Header().Clone()
	h.Del("X-Request-Id")
	h.Del("X-Retry-After") // the seconds that are left
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got[fmt.Sprintf("%d %v %s", w.Code, h, w.Body)]++
}

// by is how many answers had that status, and in how many forms.
func (c *tally) by(status int) (answers, forms int) {
	for text, n := range c.got {
		if strings.HasPrefix(text, fmt.Sprintf("%d ", status)) {
			answers, forms = answers+n, forms+1
		}
	}
	return answers, forms
}

// TestR15R16R17R18R19R20_UnderLoad: a hundred at once guess a password, and a hundred guess at an address nobody has, each
// behind the same proxy with another lie about where they come from, while people ask for resets. Three of each kind
// get as far as a password (R15, R16, R20); those three cannot be told apart (R18), nor can the resets (R19); and the owner
// of the account gets theirs (R17).
func TestR15R16R17R18R19R20_UnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.member(t)
	start := time.Now()
	e := s.cold(t, 5, func() time.Time { return start }, "RATE_LIMIT=on", "CLIENT_IP=xff:1")
	guesses := map[string]*tally{email: {got: map[string]int{}}, "nobody@example.com": {got: map[string]int{}}}
	resets := &tally{got: map[string]int{}}
	ask := func(c *tally, address, path, body string) {
		c.add(e.do("POST", path, body, http.Header{"X-Forwarded-For": {address}}))
	}
	var group sync.WaitGroup
	for i := range crowd {
		for address, c := range guesses {
			hop := fmt.Sprintf("192.0.2.%d", len(address))
			group.Go(func() {
				ask(c, fmt.Sprintf("10.0.0.%d, ::%d, unknown, %s", i, i, hop), "/api/auth/sign-in/email", `{"email":"`+address+`","password":"wrong horse"}`)
			})
		}
		who := email
		if i%2 > 0 {
			who = fmt.Sprintf("nobody%d@example.com", i)
		}
		group.Go(func() {
			ask(resets, fmt.Sprintf("198.51.100.%d", i), "/api/auth/request-password-reset", `{"email":"`+who+`"}`)
		})
	}
	group.Wait()

	refused := map[string]bool{}
	for address, c := range guesses {
		compared, forms := c.by(http.StatusUnauthorized)
		late, _ := c.by(http.StatusTooManyRequests)
		if compared != 3 || forms != 1 || late != crowd-3 {
			t.Errorf("%s: %d passwords compared, in %d forms, and %d told to wait; want 3, 1, %d", address, compared, forms, late, crowd-3)
		}
		for text := range c.got {
			refused[text] = true
		}
	}
	if len(refused) != 2 {
		t.Errorf("got %d forms of refusals, want 2: %v", len(refused), refused)
	}
	if answers, forms := resets.by(http.StatusOK); answers != crowd || forms != 1 {
		t.Errorf("got %d resets in %d forms, want %d in one: %v", answers, forms, crowd, resets.got)
	}
	body := `{"newPassword":"another horse","token":"` + s.mailed(t) + `"}`
	if w := e.do("POST", "/api/auth/reset-password", body, http.Header{"X-Forwarded-For": {"198.51.100.200"}}); w.Code != http.StatusOK {
		t.Errorf("the owner's reset: got %d %s", w.Code, w.Body)
	}
}
