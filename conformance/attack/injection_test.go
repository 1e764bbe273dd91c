package attack

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/syncbuf"
)

// TestR54_NothingIsInjected sends attacks to every endpoint: one anonymously, the next with a session cookie, the next
// with a token, and to /api/profile mostly with a token. No response of Xenon is a 5xx or has a header of the attacker.
// The log has one line of JSON for each request that Xenon handled, without secrets. In `make nightly` each endpoint
// gets every attack. Otherwise each endpoint gets every fourth attack, and each attack goes to every fourth endpoint.
func TestR54_NothingIsInjected(t *testing.T) {
	log := &syncbuf.Buffer{}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(log, nil)))
	defer slog.SetDefault(before)
	s := newTestServer(t)
	ada := s.newUser(t)
	log.Take()

	step, first := 4, sample.NewRandom(t).IntN(4)
	if sample.RunsAllCases() {
		step, first = 1, 0
	}
	sent, statuses := 0, map[int]int{}
	for i, route := range slices.Sorted(maps.Keys(s.routes)) {
		for j, a := range allAttacks() {
			if (i+j)%step != first {
				continue
			}
			as := [...]func(signedInUser, rawRequest) rawRequest{
				signedInUser.withoutCredentials, signedInUser.withCookie, signedInUser.withToken,
			}[(i+j)%3]
			if strings.HasSuffix(route, "/api/profile") && j%5 > 0 {
				as = signedInUser.withToken // without a JWT the request is rejected before it is parsed
			}
			got, err := s.sendRaw(a.change(as(ada, baseRequest(route))))
			if err != nil {
				t.Fatalf("%s with the attack %q: send the request: %v", route, a.name, err)
			}
			sent++
			statuses[got.status]++
			for _, fault := range append(problemsOfResponse(got), problemsOfLog(log.Take(), got, ada)...) {
				t.Errorf("%s with the attack %q: %s", route, a.name, fault)
			}
		}
		w := s.do("GET", "/api/auth/get-session", "", http.Header{"Cookie": {ada.cookie}})
		if !strings.Contains(w.Body.String(), userEmail) {
			ada = s.recreateUser(t) // the requests have ended the session or deleted the account
		}
		log.Take()
	}
	t.Logf("%d requests, responses by status (0 is a closed connection): %v", sent, statuses)
}

// baseRequest returns a well-formed request to an endpoint, which an attack then changes.
func baseRequest(route string) rawRequest {
	method, path, _ := strings.Cut(route, " ")
	target := strings.NewReplacer("{token}", "x", "{provider}", "github").Replace(path)
	r := rawRequest{method: method, target: target, headers: []string{"Origin: http://localhost:3000"}}
	if method != http.MethodGet {
		r.headers, r.body = append(r.headers, "Content-Type: application/json"), `{}`
	}
	return r
}

func (signedInUser) withoutCredentials(r rawRequest) rawRequest { return r }

func (p signedInUser) withCookie(r rawRequest) rawRequest {
	return r.withHeader("Cookie", "Cookie: "+p.cookie)
}

func (p signedInUser) withToken(r rawRequest) rawRequest {
	token := p.bearer
	if strings.HasPrefix(r.target, "/api/profile") {
		token = p.jwt
	}
	return r.withHeader("Authorization", "Authorization: Bearer "+token)
}

// problemsOfResponse lists what is wrong with a response.
func problemsOfResponse(a answer) (found []string) {
	// net/http itself answers 501 to an unknown transfer encoding, without a request id.
	isFromNetHTTP := a.status == http.StatusNotImplemented && a.header.Get("X-Request-Id") == ""
	if a.status >= http.StatusInternalServerError && !isFromNetHTTP {
		found = append(found, fmt.Sprintf("got %d %.200s, want a status below 500", a.status, a.body))
	}
	for name, values := range a.header {
		if name == "X-Injected" || strings.Contains(name, injectedMarker) {
			found = append(found, "got the injected header "+name+", want none")
		}
		for _, value := range values {
			if strings.Contains(value, injectedMarker) && name != "Location" ||
				strings.ContainsFunc(value, isNotPrintableASCII) {
				found = append(found, fmt.Sprintf("got the header %s: %.200q, want no injected text", name, value))
			}
		}
	}
	isJSON := strings.HasPrefix(a.header.Get("Content-Type"), "application/json")
	if a.status != 0 && isJSON && a.body != "" && !json.Valid([]byte(a.body)) {
		found = append(found, fmt.Sprintf("got the body %.200q, want valid JSON", a.body))
	}
	return found
}

func isNotPrintableASCII(c rune) bool { return c < ' ' || c > '~' }

// problemsOfLog lists what is wrong with the log of one request: a wrong number of lines, a record that is not that of
// a request without an error, control characters, secrets.
func problemsOfLog(text string, a answer, p signedInUser) (found []string) {
	want := 1
	if a.header.Get("X-Request-Id") == "" {
		want = 0 // net/http rejected the request before Xenon's handler
	}
	if got := strings.Count(text, "\n"); got != want && a.status != 0 {
		found = append(found, fmt.Sprintf("lines in the log: got %d, want %d", got, want))
	}
	for line := range strings.Lines(text) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil || record["msg"] != "request" || record["error"] != nil {
			found = append(found, fmt.Sprintf("got the log record %.300q, want that of a request without an error", line))
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), isControlCharacter) {
			found = append(found, fmt.Sprintf("got the log line %.300q, want no control characters", line))
		}
	}
	_, token, _ := strings.Cut(p.cookie, "=")
	for _, word := range []string{userEmail, userPassword, cookieSecret, p.bearer, p.jwt, token} {
		if strings.Contains(text, word) {
			found = append(found, "the log contains an email, a password or a secret, want none")
		}
	}
	return found
}

func isControlCharacter(c rune) bool {
	return c < ' ' || c >= 0x7f && c < 0xa0 || c == '\u202e' || c == '\u2028'
}
