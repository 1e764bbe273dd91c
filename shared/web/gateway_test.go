package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/web"
)

// requestOfSize returns a request whose request line and headers have size bytes together.
func requestOfSize(t *testing.T, method, path string, size int) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, path, http.NoBody)
	r.Header.Set("X-Padding", "")
	r.Header.Set("X-Padding", strings.Repeat("x", size-web.RequestHeaderBytes(r)))
	if got := web.RequestHeaderBytes(r); got != size {
		t.Fatalf("the request line and headers have %d bytes, want %d", got, size)
	}
	return r
}

func TestRequestHeadersBeyondTheGatewaysLimitAreRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/auth/get-session", "/api/auth/error?error=" + strings.Repeat("e", 9000)} {
		for size, want := range map[int]int{
			web.MaxRequestHeaderBytes:     http.StatusOK,
			web.MaxRequestHeaderBytes + 1: http.StatusRequestHeaderFieldsTooLarge,
		} {
			reached := false
			h := web.WithGatewayLimits(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, requestOfSize(t, http.MethodGet, path, size))
			if w.Code != want || reached != (want == http.StatusOK) {
				t.Errorf("GET %.30s with %d bytes of headers: got %d, handler called: %v; want %d, handler called only for 200",
					path, size, w.Code, reached, want)
			}
		}
	}
}

func TestRequestHeaderBytesCountsLineHostAndHeaders(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/api/auth/sign-out?a=b%20c", http.NoBody)
	r.Header.Add("Cookie", "a=1")
	r.Header.Add("Cookie", "b=2")
	var sent strings.Builder
	if _, err := io.WriteString(&sent,
		"POST /api/auth/sign-out?a=b%20c HTTP/1.1\r\nHost: example.com\r\nCookie: a=1\r\nCookie: b=2\r\n"); err != nil {
		t.Fatal(err)
	}
	if got := web.RequestHeaderBytes(r); got != sent.Len() {
		t.Errorf("RequestHeaderBytes = %d, want %d, the size of the request on the wire", got, sent.Len())
	}
}

func TestResponseHeadersBeyondTheGatewaysLimitAreReplaced(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{
		web.MaxResponseHeaderBytes:     http.StatusCreated,
		web.MaxResponseHeaderBytes + 1: http.StatusBadGateway,
	} {
		h := web.WithGatewayLimits(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Set-Cookie", "")
			w.Header().Set("Set-Cookie", strings.Repeat("c", size-web.HeaderBytes(w.Header())))
			w.WriteHeader(http.StatusCreated)
			if _, err := io.WriteString(w, "the body"); err != nil {
				t.Error(err)
			}
		}))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/auth/get-session", http.NoBody))
		replaced := w.Header().Get("Set-Cookie") == "" && !strings.Contains(w.Body.String(), "the body")
		if w.Code != want || replaced != (want == http.StatusBadGateway) {
			t.Errorf("response with %d bytes of headers: got %d %s, want %d, and headers and body replaced only for a 502",
				size, w.Code, w.Body, want)
		}
	}
}

func TestOnlyTheFinalStatusIsCheckedAgainstTheGatewaysLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statuses []int
		want     int
	}{
		"informational":        {[]int{http.StatusEarlyHints}, http.StatusEarlyHints},
		"smallest final":       {[]int{http.StatusOK}, http.StatusBadGateway},
		"only the first final": {[]int{http.StatusOK, http.StatusNotFound}, http.StatusBadGateway},
		"after informational":  {[]int{http.StatusEarlyHints, http.StatusOK}, http.StatusEarlyHints},
	} {
		var sent []int
		h := web.WithGatewayLimits(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("x", web.MaxResponseHeaderBytes))
			for _, status := range c.statuses {
				w.WriteHeader(status)
			}
		}))
		h.ServeHTTP(&statusRecorder{httptest.NewRecorder(), &sent}, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		if len(sent) != len(c.statuses) || sent[0] != c.want {
			t.Errorf("%s: the handler wrote the statuses %v with headers that are too large: sent %v, want %d first",
				name, c.statuses, sent, c.want)
		}
	}
}

// statusRecorder records every status that WriteHeader gets, also informational ones.
type statusRecorder struct {
	http.ResponseWriter
	sent *[]int
}

func (w *statusRecorder) WriteHeader(status int) { *w.sent = append(*w.sent, status) }
