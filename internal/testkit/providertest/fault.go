package providertest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Fault is how an endpoint fails.
type Fault string

// The faults.
const (
	FaultStatus500 Fault = "500"      // 500 with JSON
	FaultStatus401 Fault = "401"      // 401 with JSON
	FaultSlow      Fault = "slow"     // the right answer, after Server.Delay
	FaultLarge     Fault = "large"    // 10 MB of valid JSON
	FaultHTML      Fault = "html"     // 200 with an HTML page
	FaultTruncated Fault = "json"     // 200 with half of a JSON object
	FaultList      Fault = "list"     // 200 with []
	FaultText      Fault = "text"     // 200 with a JSON string
	FaultEmpty     Fault = "empty"    // 200 without a body
	FaultRedirect  Fault = "redirect" // 307 to the same endpoint, which then answers
	FaultAbort     Fault = "abort"    // closes the connection
)

// followedParameter is a query parameter of the URL to which FaultRedirect redirects. It shows that a client followed
// the redirect.
const followedParameter = "redirect-was-followed"

// Fail makes an endpoint of a provider fail for all logins, until it is called with "". The comment of Request lists
// the endpoints.
func (s *Server) Fail(provider, endpoint string, f Fault) {
	findProvider(provider)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[provider+" "+endpoint] = f
}

// fault returns how an endpoint fails: the fault of the login l, if it has one for this endpoint, and otherwise the one
// that Fail has set.
func (s *Server) fault(p provider, endpoint string, l *Login) Fault {
	if l != nil && l.Visit.Faults[endpoint] != "" {
		return l.Visit.Faults[endpoint]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults[p.id+" "+endpoint]
}

// send answers with the fault. It returns false if it wrote nothing, so that the caller sends the right answer.
func (f Fault) send(w http.ResponseWriter, r *http.Request, delay time.Duration) bool {
	switch f {
	case "":
		return false
	case FaultSlow:
		select {
		case <-time.After(delay):
			return false
		case <-r.Context().Done():
			return true
		}
	case FaultRedirect:
		if r.URL.Query().Has(followedParameter) {
			return false
		}
		next := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery + "&" + followedParameter}
		http.Redirect(w, r, next.String(), http.StatusTemporaryRedirect)
	case FaultAbort:
		panic(http.ErrAbortHandler)
	default:
		f.write(w)
	}
	return true
}

// write answers with the status and the body of the fault.
func (f Fault) write(w http.ResponseWriter) {
	kind, status, body := "application/json", http.StatusOK, ""
	switch f {
	case FaultHTML:
		kind, body = "text/html; charset=utf-8", "<!doctype html><title>Maintenance</title>"
	case FaultTruncated:
		body = `{"access_token":"half`
	case FaultList:
		body = `[]`
	case FaultText:
		body = `"text"`
	case FaultEmpty:
	case FaultLarge:
		body = `{"padding":"` + strings.Repeat("x", 10<<20) + `"}`
	default:
		status, _ = strconv.Atoi(string(f))
		body = `{"error":"server_error","error_description":"a fault of the test","message":"a fault of the test"}`
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(max(status, http.StatusContinue))
	_, _ = w.Write([]byte(body)) // fails if the client has disconnected
}
