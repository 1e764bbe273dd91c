package limit

import (
	"net/http"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/web"
)

// maxCountersPerPath is the maximum number of counters of one path, which limits the memory of the process.
const maxCountersPerPath = 4096

// counters counts requests by key in fixed windows. It deletes all counters when a window begins and there are already
// maxCountersPerPath of them.
type counters struct {
	mu    sync.Mutex
	byKey map[string]counter
}

type counter struct {
	began time.Time // the start of the window
	count int
}

// HandleInMemory returns a handler that calls h and counts the requests of a path in the memory of this process, so
// that a rejection takes no round trip and the limit works without the database. Windows are fixed, and every rule
// allows at least one request a second, so that a monitor that sends one request a second is never rejected.
func (l *Limiter) HandleInMemory(path string, rejection *web.Error, h web.Handler) web.Handler {
	rule := l.ruleFor(path)
	if l.off || rule == (Rule{}) {
		return h
	}
	rule.Max = max(rule.Max, int(rule.Window/time.Second)+1)
	c := &counters{byKey: map[string]counter{}}
	return func(w http.ResponseWriter, r *http.Request) error {
		for _, charge := range l.chargesFor(rule, path, r) {
			if wait := c.countRequest(charge.Key, Rule{charge.Window, charge.Max}, charge.At); wait > 0 {
				return setRetryAfter(w, wait, rejection)
			}
		}
		return h(w, r)
	}
}

// countRequest counts a request and returns 0. If the limit is reached, it returns how long the client must wait.
func (c *counters) countRequest(key string, rule Rule, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	current, ok := c.byKey[key]
	if age := now.Sub(current.began); !ok || age >= rule.Window || age < 0 {
		if len(c.byKey) >= maxCountersPerPath {
			clear(c.byKey)
		}
		current = counter{began: now}
	}
	if current.count >= rule.Max {
		return rule.Window - now.Sub(current.began)
	}
	current.count++
	c.byKey[key] = current
	return 0
}
