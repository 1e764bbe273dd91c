package attack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestR54_NothingIsInjected sends every attack to every endpoint, by turns of nobody and of somebody with a cookie or a token: no answer is a fault,
// none has a header that the attacker wrote, and the log keeps one line of JSON for each request, with no secret in it.
func TestR54_NothingIsInjected(t *testing.T) {
	log := &lines{}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(log, nil)))
	defer slog.SetDefault(before)
	s := newSite(t)
	ada := s.member(t)
	log.take()

	sent, statuses := 0, map[int]int{}
	for i, route := range slices.Sorted(maps.Keys(s.routes)) {
		for j, a := range attacks() {
			as := [...]func(person, request) request{person.anonymous, person.withCookie, person.withToken}[(i+j)%3]
			if strings.HasSuffix(route, "/api/profile") && j%5 > 0 {
				as = person.withToken // without a JWT nothing of the request is looked at
			}
			got, err := s.send(a.change(as(ada, start(route))))
			if err != nil {
				t.Fatalf("%s, %s: %v", route, a.name, err)
			}
			sent++
			statuses[got.status]++
			for _, fault := range append(faults(got), log.faults(got, ada)...) {
				t.Errorf("%s, %s: %s", route, a.name, fault)
			}
		}
		if got := s.do("GET", "/api/auth/get-session", "", http.Header{"Cookie": {ada.cookie}}).Body.String(); !strings.Contains(got, email) {
			ada = s.again(t) // signed out, or the account is gone, as it was asked for
		}
		log.take()
	}
	t.Logf("%d requests, answers by status (0 is hung up on): %v", sent, statuses)
}

// start is a request that an endpoint may well carry out.
func start(route string) request {
	method, path, _ := strings.Cut(route, " ")
	r := request{method: method, target: strings.NewReplacer("{token}", "x", "{provider}", "github").Replace(path), headers: []string{"Origin: http://localhost:3000"}}
	if method != http.MethodGet {
		r.headers, r.body = append(r.headers, "Content-Type: application/json"), `{}`
	}
	return r
}

func (person) anonymous(r request) request { return r }

func (p person) withCookie(r request) request { return r.header("Cookie", "Cookie: "+p.cookie) }

func (p person) withToken(r request) request {
	token := p.bearer
	if strings.HasPrefix(r.target, "/api/profile") {
		token = p.jwt
	}
	return r.header("Authorization", "Authorization: Bearer "+token)
}

// faults are what no answer may be.
func faults(a answer) (found []string) {
	if a.status >= http.StatusInternalServerError && a.status != http.StatusNotImplemented || a.status == http.StatusNotImplemented && a.header.Get("X-Request-Id") != "" {
		found = append(found, fmt.Sprintf("got %d %.200s", a.status, a.body)) // net/http itself answers 501 to a transfer encoding it has not
	}
	for name, values := range a.header {
		if name == "X-Injected" || strings.Contains(name, canary) {
			found = append(found, "got the header "+name)
		}
		for _, value := range values {
			if strings.Contains(value, canary) && name != "Location" || strings.ContainsFunc(value, unprintable) {
				found = append(found, fmt.Sprintf("got %s: %.200q", name, value))
			}
		}
	}
	if a.status != 0 && strings.HasPrefix(a.header.Get("Content-Type"), "application/json") && a.body != "" && !json.Valid([]byte(a.body)) {
		found = append(found, fmt.Sprintf("got %.200q, which is no JSON", a.body))
	}
	return found
}

func unprintable(c rune) bool { return c < ' ' || c > '~' }

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// faults are what one request may not leave in the log: another number of lines than the one, or what nobody may read.
func (l *lines) faults(a answer, p person) (found []string) {
	text := l.take()
	want := 1
	if a.header.Get("X-Request-Id") == "" {
		want = 0 // the server refused it before us
	}
	if got := strings.Count(text, "\n"); got != want && a.status != 0 {
		found = append(found, fmt.Sprintf("got %d lines in the log, want %d", got, want))
	}
	for line := range strings.Lines(text) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil || record["msg"] != "request" || record["error"] != nil {
			found = append(found, fmt.Sprintf("got the record %.300q", line))
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 || c == '\u202e' || c == '\u2028' }) {
			found = append(found, fmt.Sprintf("got the line %.300q", line))
		}
	}
	_, token, _ := strings.Cut(p.cookie, "=")
	for _, word := range []string{email, horse, secret, p.bearer, p.jwt, token} {
		if strings.Contains(text, word) {
			found = append(found, "there is a secret in the log")
		}
	}
	return found
}
