package providertest

import (
	"net/http"
	"net/url"
	"slices"
)

// Request is a request of the client to an endpoint of a provider. Endpoint is "token" (with a code), "refresh" (the
// token endpoint with a refresh token), "profile", "jwks" or "discovery". GitHub also has "emails", Microsoft "photo",
// Twitter "confirmed_email" and Facebook "debug".
type Request struct {
	Provider string
	Endpoint string
	Method   string
	URL      string
	Form     url.Values // of the token endpoint
	Header   http.Header
	Refused  string // why the provider refused the request; "" if it did not
	Followed bool   // the client sent the request because it followed a redirect
}

// recordRequest stores a request with the login to which it belongs, or with the server if it belongs to none.
func (s *Server) recordRequest(p provider, endpoint string, r *http.Request, l *Login, refused error) {
	u := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	request := Request{
		Provider: p.id, Endpoint: endpoint, Method: r.Method, URL: u.String(), Form: r.PostForm, Header: r.Header.Clone(),
		Followed: r.URL.Query().Has(followedParameter),
	}
	if refused != nil {
		request.Refused = refused.Error()
	}
	if l == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unclaimed = append(s.unclaimed, request)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, request)
}

// Requests returns the requests that had the code or a token of the login, in order.
func (l *Login) Requests() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.requests)
}

// RequestsWithoutLogin returns the requests that belong to no login: for keys and discovery documents, and those with
// an unknown code or token.
func (s *Server) RequestsWithoutLogin() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unclaimed)
}
