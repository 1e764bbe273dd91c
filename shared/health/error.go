package health

import (
	"net/http"
	"net/url"
	"regexp"
)

// safeCode matches an error code that a page can show: it has no character of HTML.
var safeCode = regexp.MustCompile(`^['A-Za-z0-9_-]+$`)

// errorPage answers GET /api/auth/error with a redirect to the start page of the site. A code that is not safe to show
// becomes UNKNOWN.
func errorPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	code := q.Get("error")
	if !safeCode.MatchString(code) {
		code = "UNKNOWN"
	}
	location := "/?error=" + url.QueryEscape(code)
	if d := q.Get("error_description"); d != "" {
		location += "&error_description=" + url.QueryEscape(d)
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
	return nil
}
