package web

import (
	"net/http"
	"slices"
	"strings"
)

const (
	// preflightAge is how long a browser may remember the answer to a preflight, in seconds; no browser keeps it longer
	// than two hours.
	preflightAge = "7200"

	allowedMethods = "GET, HEAD, POST, PUT"
	allowedHeaders = "Content-Type, Authorization, If-Match"

	// exposedHeaders are what every answer to another origin lets scripts read. Expose adds the tokens that an answer
	// has.
	exposedHeaders = "ETag, Retry-After, X-Request-Id, X-Retry-After"
)

// PreflightRoute brings preflights of all routes to one function, where cors answers them. API Gateway's own CORS
// support knows neither patterns nor custom schemes.
const PreflightRoute = "OPTIONS /api/{proxy+}"

// Preflight answers what cors did not: a preflight of an origin that is not trusted, or an OPTIONS request that is
// none.
func Preflight(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNotFound)
	return nil
}

// publicPaths are the same for every origin and need no cookies, so any page may read them.
var publicPaths = []string{"/api/auth/jwks"}

func isPublic(r *http.Request) bool {
	return slices.Contains(publicPaths, r.URL.Path) && slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, r.Method)
}

// cors lets pages of other trusted origins call the routes with cookies: the exact origin is echoed, never a wildcard,
// and the answer says that it depends on the origin. It answers preflights, which Better Auth leaves to its deployment.
// Requests from our own origin and from untrusted ones pass as they are.
func cors(o Origins, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
		origin := r.Header.Get("Origin")
		switch {
		case isPublic(r):
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set(exposed, exposedHeaders)
			preflight = r.Method == http.MethodOptions // a CDN may have left out what makes it one
		case strings.EqualFold(origin, o.own) || !o.TrustsOrigin(origin):
			h.Add("Vary", "Origin")
			next.ServeHTTP(w, r)
			return
		default:
			h.Add("Vary", "Origin")
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set(exposed, exposedHeaders)
		}
		if !preflight {
			next.ServeHTTP(w, r)
			return
		}
		h.Del(exposed) // of the answer to the request itself
		h.Set("Access-Control-Allow-Methods", allowedMethods)
		h.Set("Access-Control-Allow-Headers", allowedHeaders)
		h.Set("Access-Control-Max-Age", preflightAge)
		w.WriteHeader(http.StatusNoContent)
	})
}
