package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

const (
	siteOrigin   = "https://app.example"
	clientID     = "client:1"
	clientSecret = "s3cret +/:%&=ü"
	goodCode     = "code-7f3a"
	goodVerifier = "verifier-0123456789012345678901234567890123456789"
	accessToken  = "access-9d1c"
	refreshToken = "refresh-4b2e"
)

// fakeProviders is a TLS server that stands in for the hosts of all providers. A handler has the pattern "METHOD
// host/path".
type fakeProviders struct {
	t   *testing.T
	mux *http.ServeMux
	url *url.URL

	mu    sync.Mutex
	now   time.Time
	calls []string // "METHOD host/path" of every request
}

func newFakeProviders(t *testing.T) *fakeProviders {
	t.Helper()
	s := &fakeProviders{t: t, mux: http.NewServeMux(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.calls = append(s.calls, r.Method+" "+r.Host+r.URL.Path)
		s.mu.Unlock()
		if r.UserAgent() != "xenon" || r.Header.Get("Accept") == "" {
			t.Errorf("request for %s: got User-Agent %q and Accept %q, want xenon and some Accept",
				r.URL, r.UserAgent(), r.Header.Get("Accept"))
		}
		s.mux.ServeHTTP(w, r)
	}))
	server.StartTLS()
	t.Cleanup(server.Close)
	s.url, _ = url.Parse(server.URL)
	return s
}

// handle adds an endpoint.
func (s *fakeProviders) handle(pattern string, h http.HandlerFunc) { s.mux.HandleFunc(pattern, h) }

// serveJSON adds an endpoint that always gives the same answer to requests with the access token, and 401 to others.
func (s *fakeProviders) serveJSON(pattern, body string) {
	s.handle(pattern, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+accessToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		writeJSON(w, body)
	})
}

func writeJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

func (s *fakeProviders) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *fakeProviders) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// countRequests returns how many requests had a text "METHOD host/path" that begins with the prefix.
func (s *fakeProviders) countRequests(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, call := range s.calls {
		if strings.HasPrefix(call, prefix) {
			n++
		}
	}
	return n
}

// newProviders returns the providers of the settings, whose hosts are all this server.
func (s *fakeProviders) newProviders(configured ...config.Provider) *Providers {
	for i, c := range configured {
		if len(c.ClientIDs) == 0 {
			configured[i].ClientIDs = []string{clientID, "ios-client"}
		}
		if c.ClientSecret == "" && c.TeamID == "" {
			configured[i].ClientSecret = clientSecret
		}
	}
	noSecret := func(context.Context, string, string) (string, error) { return "", nil }
	p := New(config.Social{Providers: configured}, siteOrigin, noSecret, s.clock)
	dialer := net.Dialer{}
	p.http = newClient(&http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, s.url.Host)
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	})
	return p
}

// newProvider returns the provider with the settings c.
func (s *fakeProviders) newProvider(c config.Provider) *Provider {
	s.t.Helper()
	found, err := s.newProviders(c).Find(s.t.Context(), c.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// addTokenEndpoint adds a token endpoint: it checks the client and the request as a provider does. The argument
// challenge is "" if the authorization URL had none.
func (s *fakeProviders) addTokenEndpoint(tokenURL string, usesBasic bool, challenge, body string) {
	s.handle("POST "+strings.TrimPrefix(tokenURL, "https://"), func(w http.ResponseWriter, r *http.Request) {
		if reason := checkTokenRequest(r, usesBasic, challenge); reason != "" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"invalid_grant","error_description":%q}`, reason)
			s.t.Errorf("the request of the token endpoint %s is wrong: %s", tokenURL, reason)
			return
		}
		writeJSON(w, body)
	})
}

// checkTokenRequest returns what is wrong with a request to a token endpoint, and "" if nothing is.
func checkTokenRequest(r *http.Request, usesBasic bool, challenge string) string {
	if err := r.ParseForm(); err != nil || r.URL.RawQuery != "" {
		return "not a form"
	}
	id, secret, hasBasic := r.BasicAuth()
	if hasBasic {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	switch {
	case hasBasic != usesBasic:
		return "the client authenticates in the wrong place"
	case hasBasic && (r.PostForm.Has("client_id") || r.PostForm.Has("client_secret")):
		return "the client authenticates twice"
	case id != clientID || secret != clientSecret:
		return "wrong client"
	case r.Header.Get("Content-Type") != "application/x-www-form-urlencoded":
		return "wrong content type"
	case r.PostForm.Get("grant_type") == "refresh_token":
		if r.PostForm.Get("refresh_token") != refreshToken || r.PostForm.Has("code") || r.PostForm.Has("redirect_uri") {
			return "wrong refresh"
		}
		return ""
	case r.PostForm.Get("grant_type") != "authorization_code" || r.PostForm.Get("code") != goodCode:
		return "wrong code"
	case !strings.HasPrefix(r.PostForm.Get("redirect_uri"), siteOrigin+"/api/auth/callback/"):
		return "wrong redirect_uri"
	case challenge == "" && r.PostForm.Has("code_verifier"):
		return "a verifier without a challenge"
	case challenge != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != challenge:
		return "wrong verifier"
	}
	return ""
}

// parseJSON decodes a JSON text, with exact numbers. Two decoded texts are equal even if their members have another
// order.
func parseJSON(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("decode the JSON %s: %v", text, err)
	}
	return v
}

func pointerTo(s string) *string { return &s }
