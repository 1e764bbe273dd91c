package limit

import (
	"net/http"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/web"
)

// maxCounters is the maximum number of counters of one path, which limits the memory of the process.
const maxCounters = 4096

// counters counts requests by key in fixed windows. It deletes all counters when a window begins and there are already
// maxCounters of them.
type counters struct {
	mu    sync.Mutex
	byKey map[string]counter
}

type counter struct {
	began time.Time // the start of the window
	count int
}

// InMemory returns a handler that calls h and counts the requests of a path in the memory of this process, so that a
// rejection takes no round trip and the limit works without the database. Windows are fixed, and every rule allows at
// least one request a second, so that a monitor that sends one request a second is never rejected.
func (l *Limiter) InMemory(path string, rejection *web.Error, h web.Handler) web.Handler {
	rule := l.ruleFor(path)
	if l.off || rule == (Rule{}) {
		return h
	}
	rule.Max = max(rule.Max, int(rule.Window/time.Second)+1)
	c := &counters{byKey: map[string]counter{}}
	return func(w http.ResponseWriter, r *http.Request) error {
		for _, charge := range l.charges(rule, path, r) {
			if wait := c.count(charge.Key, Rule{charge.Window, charge.Max}, charge.At); wait > 0 {
				return setRetryAfter(w, wait, rejection)
			}
		}
		return h(w, r)
	}
}

// count counts a request and returns 0. If the limit is reached, it returns how long the client must wait.
func (c *counters) count(key string, rule Rule, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	current, ok := c.byKey[key]
	if age := now.Sub(current.began); !ok || age >= rule.Window || age < 0 {
		if len(c.byKey) >= maxCounters {
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
