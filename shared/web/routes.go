package web

import (
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/config"
)

// Routes maps the routes of a function to their handlers. A route is a method and a path: "POST
// /api/auth/sign-in/email". A last segment in braces, as in "GET /api/auth/reset-password/{token}", matches any one
// segment, which the handler reads with r.PathValue. A last segment that ends in +}, as in "OPTIONS /api/{proxy+}",
// matches one or more segments.
type Routes map[string]Handler

// Mux returns a handler that matches routes as Better Auth's router does: exact and case-sensitive, without decoding or
// cleaning the path. A request that matches no route gets a 404 with an empty body (docs/wire.md#request-pipeline). The
// handler also gives each request its id, writes its log record, answers panics, and adds CORS headers for the trusted
// origins in cfg. If the pages are at another origin, it adds security headers, because no CloudFront does.
func (rt Routes) Mux(cfg config.API) http.Handler {
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, h := rt.matchRoute(r)
		if h == nil {
			h = AnswerNotFound
		}
		recordOf(r.Context()).route = route
		h.ServeHTTP(w, r)
	})
	handler := withCORS(NewOrigins(cfg.Origin, cfg.TrustedOrigins...), serve)
	if cfg.IsSiteAtOtherOrigin() {
		handler = withSecurityHeaders(cfg.Secure(), handler)
	}
	return withLog(handler)
}

// AnswerNotFound answers like a path that does not exist: 404 without a body. It is the handler of routes that the
// settings switch off.
func AnswerNotFound(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNotFound)
	return nil
}

// withSecurityHeaders adds the headers that SecurityHeaders in template.yaml adds when CloudFront is in front of the
// API. The policy is stricter, because the API has no pages.
func withSecurityHeaders(secure bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=63072000")
		}
		next.ServeHTTP(w, r)
	})
}

// matchRoute returns the route of r and its handler, or a nil handler if no route matches.
func (rt Routes) matchRoute(r *http.Request) (string, Handler) {
	path := r.URL.EscapedPath()
	route := r.Method + " " + path
	if h, ok := rt[route]; ok {
		return route, h
	}
	parent, last := path[:strings.LastIndexByte(path, '/')+1], path[strings.LastIndexByte(path, '/')+1:]
	if last == "" {
		return "", nil
	}
	for pattern, h := range rt {
		prefix, name, ok := strings.Cut(pattern, "{")
		if ok && strings.HasSuffix(name, "+}") && strings.HasPrefix(route, prefix) {
			return pattern, h
		}
		if ok && prefix == r.Method+" "+parent {
			r.SetPathValue(strings.TrimSuffix(name, "}"), last)
			return pattern, h
		}
	}
	return "", nil
}
