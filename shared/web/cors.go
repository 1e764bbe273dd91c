package web

import (
	"net/http"
	"slices"
	"strings"
)

const (
	// preflightMaxAgeSeconds is how long a browser may cache the response to a preflight, in seconds. Two hours is the
	// maximum of Chromium.
	preflightMaxAgeSeconds = "7200"

	corsAllowedMethods = "GET, HEAD, POST, PUT"
	corsAllowedHeaders = "Content-Type, Authorization, If-Match"

	// corsExposedHeaders are the headers of every response that scripts of another origin may read. ExposeHeader adds the
	// headers that only some responses have.
	corsExposedHeaders = "ETag, Retry-After, X-Request-Id, X-Retry-After"
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

// AnswerUnhandledOptions answers 404 to the OPTIONS requests that the middleware withCORS passes on: the preflight of
// an untrusted origin or of the site itself, and a request that is not a preflight.
func AnswerUnhandledOptions(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNotFound)
	return nil
}

// publicPaths are the paths of the JWKS and of the provider metadata. Pages of any origin may read them, because they
// are the same for every origin and need no cookies.
var publicPaths = []string{"/api/auth/jwks", KeySetPath, ProviderMetadataPath}

func isReadOfPublicPath(r *http.Request) bool {
	return slices.Contains(publicPaths, r.URL.Path) && hasSafeMethod(r)
}

// withCORS lets pages of other trusted origins call the routes with cookies: it echoes the exact origin and adds Vary:
// Origin. It answers their preflights, which Better Auth leaves to its deployment. A public path gets the wildcard
// instead, without cookies. Requests from the site's own origin and from untrusted origins reach next without CORS
// headers.
func withCORS(o Origins, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
		origin := r.Header.Get("Origin")
		switch {
		case isReadOfPublicPath(r):
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set(exposeHeaderName, corsExposedHeaders)
			preflight = r.Method == http.MethodOptions // a CDN may have removed Access-Control-Request-Method
		case strings.EqualFold(origin, o.own) || !o.TrustsOrigin(origin):
			h.Add("Vary", "Origin")
			next.ServeHTTP(w, r)
			return
		default:
			h.Add("Vary", "Origin")
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set(exposeHeaderName, corsExposedHeaders)
		}
		if !preflight {
			next.ServeHTTP(w, r)
			return
		}
		h.Del(exposeHeaderName) // only the request after the preflight needs it
		h.Set("Access-Control-Allow-Methods", corsAllowedMethods)
		h.Set("Access-Control-Allow-Headers", corsAllowedHeaders)
		h.Set("Access-Control-Max-Age", preflightMaxAgeSeconds)
		w.WriteHeader(http.StatusNoContent)
	})
}
