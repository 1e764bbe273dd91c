package health

import (
	"net/http"
	"net/url"
	"regexp"
)

// safeErrorCodePattern matches an error code that contains no HTML tag: it consists of ASCII letters, digits, ', _ and
// -.
var safeErrorCodePattern = regexp.MustCompile(`^['A-Za-z0-9_-]+$`)

// errorPage answers GET /api/auth/error with a redirect to the start page of the site, with the parameters error and
// error_description. An error code that safeErrorCodePattern does not match becomes UNKNOWN.
func (s *Service) errorPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	code := q.Get("error")
	if !safeErrorCodePattern.MatchString(code) {
		code = "UNKNOWN"
	}
	location := s.StartPage + "?error=" + url.QueryEscape(code)
	if d := q.Get("error_description"); d != "" {
		location += "&error_description=" + url.QueryEscape(d)
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
	return nil
}
