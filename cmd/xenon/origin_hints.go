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
	// maxCheckedOrigins is the maximum number of origins that are checked.
	maxCheckedOrigins = 100
	// originHintsPage is the section of the documentation about pages of another origin.
	originHintsPage = "docs/local.md#a-page-of-another-origin"
)

// originHints logs why the requests of an origin fail in a browser, once for each origin: the origin is not trusted, or
// it is on another site, so that browsers do not store and send the session cookie.
type originHints struct {
	next      http.Handler
	apiOrigin string
	origins   web.Origins

	mu   sync.Mutex
	seen map[string]bool
}

func withOriginHints(cfg config.API, next http.Handler) http.Handler {
	origins := web.NewOrigins(cfg.Origin, cfg.TrustedOrigins...)
	return &originHints{next: next, apiOrigin: cfg.Origin, origins: origins, seen: map[string]bool{}}
}

func (h *originHints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "null" && origin != h.apiOrigin && h.isNew(origin) {
		h.printHint(origin)
	}
	h.next.ServeHTTP(w, r)
}

func (h *originHints) isNew(origin string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen[origin] || len(h.seen) >= maxCheckedOrigins {
		return false
	}
	h.seen[origin] = true
	return true
}

func (h *originHints) printHint(origin string) {
	switch {
	case !h.origins.TrustsOrigin(origin):
		slog.Warn("this origin is not trusted: its pages get 403 and cannot read responses", "origin", origin,
			"advice", "add it to BETTER_AUTH_TRUSTED_ORIGINS, in the environment or in .env, and start again",
			"page", originHintsPage)
	case !isSameSite(origin, h.apiOrigin):
		slog.Warn("this origin is trusted, but it is not same-site with the API, so browsers do not store the session "+
			"cookie: sign-in answers 200, but the user is not signed in", "origin", origin, "api", h.apiOrigin,
			"advice", "open the page on the host of the API, or use bearer tokens", "page", originHintsPage)
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
