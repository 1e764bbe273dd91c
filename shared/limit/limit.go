// Package limit rejects requests that come too often from one IP address, by the rules of Better Auth's rate limiter
// and RATE_LIMIT_RULES. It counts in the table rateLimit, or in memory for routes that must not wait for the database.
package limit

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// noTrustedIPKey replaces an unknown IP address in the keys of counters, so that all such clients have one counter.
const noTrustedIPKey = "no-trusted-ip"

// The limit of an IPv6 network with the prefix length /48 is slash48Factor times the maximum of the rule. Better Auth
// counts by /64 only, and a /48 contains 65,536 of them.
const slash48Factor = 10

// TooManyRequestsMessage is the message of every rejection.
const TooManyRequestsMessage = "Too many requests. Please try again later."

// Limiter counts requests by path and IP address and rejects those above the limit of the path.
type Limiter struct {
	Store   *store.Store
	Clients web.Clients
	Now     func() time.Time

	custom []customRule
	off    bool
	warn   *sync.Once
}

// New returns the Limiter of a deployment. It counts in the table rateLimit of db.
func New(cfg config.API, db *store.Store, clients web.Clients, now func() time.Time) *Limiter {
	return &Limiter{
		Store: db, Now: now, Clients: clients,
		custom: compileRules(cfg.RateLimitRules), off: !cfg.RateLimit, warn: new(sync.Once),
	}
}

// Handler answers a request. The first statement on db also counts the request.
type Handler func(w http.ResponseWriter, r *http.Request, db *store.Store) error

// Handle returns a handler that calls h and counts the requests of a path. The first statement of h also counts the
// request; h must run it before it hashes or changes anything. If h fails before its first statement, the handler
// counts the request in a round trip of its own, because a failed request also uses up the limit. If h succeeds without
// a statement, the request is not counted. If the limit of the path, or a limit whose charge h added, is reached, the
// handler sets the header X-Retry-After and returns rejection.
func (l *Limiter) Handle(path string, rejection *web.Error, h Handler) web.Handler {
	if l.off {
		return func(w http.ResponseWriter, r *http.Request) error { return h(w, r, l.Store) }
	}
	rule := l.ruleFor(path)
	return func(w http.ResponseWriter, r *http.Request) error {
		err := l.callWithCharges(w, r, h, l.chargesFor(rule, path, r))
		if err == nil {
			return nil
		}
		if limited := (*store.RateLimitError)(nil); errors.As(err, &limited) {
			return setRetryAfter(w, limited.RetryAfter, rejection)
		}
		return err
	}
}

// callWithCharges calls h with a database handle whose first statement counts the charges. If h fails before that, it
// counts them itself. It does not call h if this process knows that Postgres would reject a charge.
func (l *Limiter) callWithCharges(w http.ResponseWriter, r *http.Request, h Handler, charges []store.Charge) error {
	for _, c := range charges {
		if err := l.Store.KnownRejection(c); err != nil {
			return err
		}
	}
	db := l.Store.WithCharges(charges...)
	failure := h(w, r, db)
	if failure == nil {
		return nil
	}
	err := db.FlushCharges(r.Context())
	if store.IsRateLimitError(err) {
		return err
	}
	if err != nil {
		web.NoteError(r.Context(), fmt.Errorf("count request: %w", err))
	}
	return failure
}

// setRetryAfter sets X-Retry-After to wait, rounded up to whole seconds, and returns rejection.
func setRetryAfter(w http.ResponseWriter, wait time.Duration, rejection *web.Error) error {
	seconds := (wait + time.Second - 1) / time.Second
	w.Header().Set("X-Retry-After", strconv.Itoa(int(seconds)))
	return rejection
}

// chargesFor returns one charge for the IP address of r and, for IPv6, one for its /48. It returns none for the zero
// Rule.
func (l *Limiter) chargesFor(rule Rule, path string, r *http.Request) []store.Charge {
	if rule == (Rule{}) {
		return nil
	}
	ip := l.IP(r)
	now := l.Now()
	charges := []store.Charge{{Key: ip + "|" + path, Window: rule.Window, Max: rule.Max, At: now}}
	if strings.Contains(ip, ":") { // an IPv6 address, written as eight groups
		groups := strings.SplitN(ip, ":", 4)
		key := strings.Join(groups[:3], ":") + "::/48|" + path
		charges = append(charges, store.Charge{Key: key, Window: rule.Window, Max: slash48Factor * rule.Max, At: now})
	}
	return charges
}

// IP returns the IP address by which r is counted: for IPv6 that of the /64 network, and noTrustedIPKey if the IP
// address of the client is unknown.
func (l *Limiter) IP(r *http.Request) string {
	ip := l.Clients.IP(r)
	if ip == "" {
		l.warn.Do(func() {
			slog.WarnContext(r.Context(),
				"the IP address of a client is unknown; all such clients share one counter of each rate limit",
				"advice", "set CLIENT_IP to where your proxy writes the IP address: remote, cloudfront or xff:N")
		})
	}
	return cmp.Or(ip, noTrustedIPKey)
}
