package web

import (
	"net/http"
	"strings"
)

// preflightAge is how long a browser may remember the answer to a preflight, in seconds; no browser keeps it longer than
// two hours.
const preflightAge = "7200"

// cors lets pages of other trusted origins call the routes with cookies: the exact origin is echoed, never a wildcard, and
// the answer says that it depends on the origin. It answers preflights for known paths, which the library leaves to
// its deployment. Requests from our own origin and from untrusted ones pass as they are.
func (rt Routes) cors(o Origins, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin == "" || strings.EqualFold(origin, o.own) || !o.TrustsOrigin(origin) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		method := r.Header.Get("Access-Control-Request-Method")
		if r.Method != http.MethodOptions || method == "" || !rt.knows(r, method) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", method)
		h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, If-Match")
		h.Set("Access-Control-Max-Age", preflightAge)
		w.WriteHeader(http.StatusNoContent)
	})
}

// knows reports whether there is a route for r's path with another method.
func (rt Routes) knows(r *http.Request, method string) bool {
	asked := r.Clone(r.Context())
	asked.Method = method
	_, h := rt.match(asked)
	return h != nil
}
