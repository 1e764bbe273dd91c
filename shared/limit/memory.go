package limit

import (
	"net/http"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/web"
)

// maxCounters bounds what a process remembers of IP addresses.
const maxCounters = 4096

// counters counts requests by key in fixed windows. It forgets all of them when it is full.
type counters struct {
	mu   sync.Mutex
	open map[string]counter
}

type counter struct {
	began time.Time
	count int
}

// InMemory counts the requests of a path in this process alone, so that a refusal costs the database nothing and a
// database that is away changes nothing. Windows are fixed, and no rule allows less than one request a second: a
// monitor that asks every second is never refused.
func (l *Limiter) InMemory(path string, refusal *web.Error, h web.Handler) web.Handler {
	rule := l.rule(path)
	if l.off || rule == (Rule{}) {
		return h
	}
	rule.Max = max(rule.Max, int(rule.Window/time.Second)+1)
	c := &counters{open: map[string]counter{}}
	return func(w http.ResponseWriter, r *http.Request) error {
		for _, charge := range l.charges(rule, path, r) {
			if wait := c.take(charge.Key, Rule{charge.Window, charge.Max}, charge.At); wait > 0 {
				return refuse(w, wait, refusal)
			}
		}
		return h(w, r)
	}
}

// take counts a request, or says how long its key is refused.
func (c *counters) take(key string, rule Rule, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	this, ok := c.open[key]
	if age := now.Sub(this.began); !ok || age >= rule.Window || age < 0 {
		if len(c.open) >= maxCounters {
			clear(c.open)
		}
		this = counter{began: now}
	}
	if this.count >= rule.Max {
		return rule.Window - now.Sub(this.began)
	}
	this.count++
	c.open[key] = this
	return 0
}
