package web

import (
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/config"
)

// Routes is what a door can answer: "POST /api/auth/sign-in/email" → its handler. A last segment in braces, "GET
// /api/auth/reset-password/{token}", matches any one segment, which the handler reads with r.PathValue; one that ends
// in +, "OPTIONS /api/{proxy+}", matches any number.
type Routes map[string]Handler

// Mux answers the routes as the library's router does: exact and case-sensitive, without decoding or cleaning the path;
// whatever matches nothing is a 404 with an empty body (contract: pipeline, step 2). It writes the log record, answers
// panics, gives each request its id, and lets pages of the trusted origins in cfg call the routes.
func (rt Routes) Mux(cfg config.Config) http.Handler {
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, h := rt.match(r)
		if h == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		recordOf(r.Context()).route = route
		h.ServeHTTP(w, r)
	})
	return logged(cors(NewOrigins(cfg.Origin, cfg.TrustedOrigins), serve))
}

func (rt Routes) match(r *http.Request) (string, Handler) {
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
