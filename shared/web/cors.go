package web

import (
	"net/http"
	"slices"
	"strings"
)

const (
	// preflightAge is how long a browser may cache the response to a preflight, in seconds. Two hours is the maximum of
	// Chromium.
	preflightAge = "7200"

	allowedMethods = "GET, HEAD, POST, PUT"
	allowedHeaders = "Content-Type, Authorization, If-Match"

	// exposedHeaders are the headers of every response that scripts of another origin may read. Expose adds the headers
	// that only some responses have.
	exposedHeaders = "ETag, Retry-After, X-Request-Id, X-Retry-After"
)

// PreflightRoute is the route of functions/session for the preflights of all routes below /api. API Gateway could
// answer them itself, but its CORS settings accept neither patterns of hosts nor custom schemes.
const PreflightRoute = "OPTIONS /api/{proxy+}"

// WellKnownPreflightRoute is the route of functions/jwks for the preflights of ProviderMetadataPath and KeySetPath.
const WellKnownPreflightRoute = "OPTIONS /.well-known/{proxy+}"

// The paths of OpenID Connect Discovery. They are at the root of the host, because clients derive them from the issuer.
const (
	ProviderMetadataPath = "/.well-known/openid-configuration"
	KeySetPath           = "/.well-known/jwks.json"
)

// Preflight answers 404 to the OPTIONS requests that the middleware cors passes on: the preflight of an untrusted
// origin or of the site itself, and a request that is not a preflight.
func Preflight(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNotFound)
	return nil
}

// publicPaths are the paths of the JWKS and of the provider metadata. Pages of any origin may read them, because they
// are the same for every origin and need no cookies.
var publicPaths = []string{"/api/auth/jwks", KeySetPath, ProviderMetadataPath}

func isPublic(r *http.Request) bool {
	return slices.Contains(publicPaths, r.URL.Path) && hasSafeMethod(r)
}

// cors lets pages of other trusted origins call the routes with cookies: it echoes the exact origin and adds Vary:
// Origin. It answers their preflights, which Better Auth leaves to its deployment. A public path gets the wildcard
// instead, without cookies. Requests from the site's own origin and from untrusted origins reach next without CORS
// headers.
func cors(o Origins, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
		origin := r.Header.Get("Origin")
		switch {
		case isPublic(r):
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set(exposeHeaderName, exposedHeaders)
			preflight = r.Method == http.MethodOptions // a CDN may have removed Access-Control-Request-Method
		case strings.EqualFold(origin, o.own) || !o.TrustsOrigin(origin):
			h.Add("Vary", "Origin")
			next.ServeHTTP(w, r)
			return
		default:
			h.Add("Vary", "Origin")
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set(exposeHeaderName, exposedHeaders)
		}
		if !preflight {
			next.ServeHTTP(w, r)
			return
		}
		h.Del(exposeHeaderName) // only the request after the preflight needs it
		h.Set("Access-Control-Allow-Methods", allowedMethods)
		h.Set("Access-Control-Allow-Headers", allowedHeaders)
		h.Set("Access-Control-Max-Age", preflightAge)
		w.WriteHeader(http.StatusNoContent)
	})
}
