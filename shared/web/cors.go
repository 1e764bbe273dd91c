package web

import (
	"net/http"
	"slices"
	"strings"
)

const (
	// preflightAge is how long a browser may cache the response to a preflight, in seconds. No browser caches it longer
	// than two hours.
	preflightAge = "7200"

	allowedMethods = "GET, HEAD, POST, PUT"
	allowedHeaders = "Content-Type, Authorization, If-Match"

	// exposedHeaders are the headers that scripts of another origin may read in every response. Expose adds headers of
	// single responses.
	exposedHeaders = "ETag, Retry-After, X-Request-Id, X-Retry-After"
)

// PreflightRoute sends preflights of all routes to one function, where cors answers them. API Gateway's own CORS
// support has neither patterns nor custom schemes.
const PreflightRoute = "OPTIONS /api/{proxy+}"

// Preflight answers the OPTIONS requests that the function cors does not answer: a preflight of an origin that is not
// trusted, or a request that is not a preflight.
func Preflight(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNotFound)
	return nil
}

// publicPaths have the same response for every origin and need no cookies, so pages of any origin may read them.
var publicPaths = []string{"/api/auth/jwks"}

func isPublic(r *http.Request) bool { return slices.Contains(publicPaths, r.URL.Path) && isSafe(r) }

// cors lets pages of other trusted origins call the routes with cookies: it echoes the exact origin, never a wildcard,
// and adds Vary: Origin. It answers preflights, which Better Auth leaves to its deployment. It passes requests from the
// site's own origin and from untrusted origins on without CORS headers.
func cors(o Origins, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
		origin := r.Header.Get("Origin")
		switch {
		case isPublic(r):
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set(exposeHeaders, exposedHeaders)
			preflight = r.Method == http.MethodOptions // a CDN may have removed Access-Control-Request-Method
		case strings.EqualFold(origin, o.own) || !o.TrustsOrigin(origin):
			h.Add("Vary", "Origin")
			next.ServeHTTP(w, r)
			return
		default:
			h.Add("Vary", "Origin")
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set(exposeHeaders, exposedHeaders)
		}
		if !preflight {
			next.ServeHTTP(w, r)
			return
		}
		h.Del(exposeHeaders) // it belongs to the response to the request itself
		h.Set("Access-Control-Allow-Methods", allowedMethods)
		h.Set("Access-Control-Allow-Headers", allowedHeaders)
		h.Set("Access-Control-Max-Age", preflightAge)
		w.WriteHeader(http.StatusNoContent)
	})
}
