package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"

	"golang.org/x/net/publicsuffix"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

const (
	// maxHints is the maximum number of origins that are checked.
	maxHints = 100
	// hintPage is the section of the documentation about pages of another origin.
	hintPage = "docs/local.md#a-page-of-another-origin"
)

// originHints logs why the requests of an origin fail in a browser, once for each origin: the origin is not trusted, or
// it is on another site, so that browsers do not store and send the session cookie.
type originHints struct {
	next    http.Handler
	own     string
	origins web.Origins

	mu   sync.Mutex
	seen map[string]bool
}

func withOriginHints(cfg config.API, next http.Handler) http.Handler {
	origins := web.NewOrigins(cfg.Origin, cfg.TrustedOrigins...)
	return &originHints{next: next, own: cfg.Origin, origins: origins, seen: map[string]bool{}}
}

func (h *originHints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "null" && origin != h.own && h.isNew(origin) {
		h.printHint(origin)
	}
	h.next.ServeHTTP(w, r)
}

func (h *originHints) isNew(origin string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen[origin] || len(h.seen) >= maxHints {
		return false
	}
	h.seen[origin] = true
	return true
}

func (h *originHints) printHint(origin string) {
	switch {
	case !h.origins.TrustsOrigin(origin):
		slog.Warn("this origin is not trusted: its pages get 403 and cannot read responses", "origin", origin,
			"advice", "add it to BETTER_AUTH_TRUSTED_ORIGINS, in the environment or in .env, and start again", "page", hintPage)
	case !isSameSite(origin, h.own):
		slog.Warn("this origin is trusted, but it is not same-site with the API, so browsers do not store the session "+
			"cookie: sign-in answers 200, but the user is not signed in", "origin", origin, "api", h.own,
			"advice", "open the page on the host of the API, or use bearer tokens", "page", hintPage)
	}
}

// isSameSite reports whether two origins have the same scheme and registrable domain, as browsers compare them. It
// ignores ports. localhost is a site of its own, and each IP address, too.
func isSameSite(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Scheme == y.Scheme && siteOf(x.Hostname()) == siteOf(y.Hostname())
}

func siteOf(host string) string {
	if net.ParseIP(host) != nil {
		return host
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}
