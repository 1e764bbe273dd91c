package lambdahttp_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/lambdahttp"
)

// seenRequest has the parts of a request that a handler sees.
type seenRequest struct {
	Method, Path, Escaped, URI, Host, RemoteAddr string

	Query  url.Values
	Header http.Header
	Body   string
	Length int64
}

// reportRequest answers with the seenRequest of the request, as JSON.
func reportRequest(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	s := seenRequest{
		r.Method, r.URL.Path, r.URL.EscapedPath(), r.RequestURI, r.Host, r.RemoteAddr,
		r.URL.Query(), r.Header, string(body), r.ContentLength,
	}
	if err := json.NewEncoder(w).Encode(s); err != nil {
		panic(err)
	}
}

func readGoldenEvent(t testing.TB, name string) events.APIGatewayV2HTTPRequest {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func requestSeenByHandler(t *testing.T, e events.APIGatewayV2HTTPRequest) seenRequest {
	t.Helper()
	answer, err := lambdahttp.Handler(http.HandlerFunc(reportRequest))(t.Context(), e)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("the handler answered %d %q with the error %v, want 200 and no error", answer.StatusCode, answer.Body, err)
	}
	var got seenRequest
	if err := json.Unmarshal([]byte(answer.Body), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

const (
	gatewayHost     = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
	functionURLHost = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws"
	chromeUserAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
		"Chrome/142.0.0.0 Safari/537.36"
	octetStream   = "application/octet-stream"
	sessionCookie = "better-auth.session_token=k3J9.aGVsbG8%2BLz0%3D"
)

// gatewayHeader, samHeader and urlHeader return the headers that all golden events of one kind have. The argument more
// has names and values, in turn, of headers to add or replace.
func gatewayHeader(more ...string) http.Header {
	return mergeHeaders(
		more,
		"Accept",
		"*/*",
		"Content-Length",
		"0",
		"User-Agent",
		chromeUserAgent,
		"X-Forwarded-For",
		"198.51.100.7",
		"X-Forwarded-Port",
		"443",
		"X-Forwarded-Proto",
		"https",
		"X-Amzn-Trace-Id",
		"Root=1-68f5c1a2-0123456789abcdef01234567",
	)
}

func samHeader(more ...string) http.Header {
	return mergeHeaders(
		more,
		"Accept",
		"*/*",
		"User-Agent",
		"curl/8.5.0",
		"X-Forwarded-Port",
		"3001",
		"X-Forwarded-Proto",
		"http",
	)
}

func urlHeader(more ...string) http.Header {
	return mergeHeaders(
		more,
		"Accept",
		"*/*",
		"User-Agent",
		"curl/8.5.0",
		"X-Forwarded-For",
		"203.0.113.20",
		"X-Forwarded-Port",
		"443",
		"X-Forwarded-Proto",
		"https",
		"X-Amzn-Trace-Id",
		"Root=1-68f5c1a2-89abcdef0123456789abcdef",
		"X-Amzn-Tls-Cipher-Suite",
		"TLS_AES_128_GCM_SHA256",
		"X-Amzn-Tls-Version",
		"TLSv1.3",
	)
}

func mergeHeaders(more []string, common ...string) http.Header {
	h := http.Header{}
	for pair := range slices.Chunk(append(common, more...), 2) {
		h[pair[0]] = []string{pair[1]}
	}
	return h
}

// goldenRequests has the request that a handler sees for each event in testdata, by the name of the file.
var goldenRequests = map[string]seenRequest{
	// Through CloudFront: two IP addresses in X-Forwarded-For, header values with commas, and cookies that are only in
	// cookies[].
	"gateway_get": {
		Method: "GET", Path: "/api/auth/get-session", Host: gatewayHost, RemoteAddr: "203.0.113.9:0",
		URI:   "/api/auth/get-session?disableCookieCache=true&tag=a&tag=b%20c",
		Query: url.Values{"disableCookieCache": {"true"}, "tag": {"a", "b c"}},
		Header: gatewayHeader(
			"Accept-Language", "en-US,en;q=0.9,de;q=0.8",
			"Authorization", "Bearer k3J9",
			"Cloudfront-Viewer-Address", "198.51.100.7:46532",
			"Cookie", "__Secure-better-auth.session_token=k3J9.aGVsbG8%2BLz0%3D; __Secure-better-auth.dont_remember=true.c2ln",
			"Date", "Mon, 20 Oct 2025 05:00:34 GMT",
			"Expires", "Tue, 21 Oct 2025 05:00:34 GMT",
			"Sec-Ch-Ua", `"Chromium";v="142", "Not_A Brand";v="99"`,
			"Via", "2.0 4a5b6c.cloudfront.net (CloudFront)",
			"X-Forwarded-For", "198.51.100.7, 203.0.113.9",
			"X-Request-Id", "made-up-by-the-client",
		),
	},
	"gateway_post_json": {
		Method:     "POST",
		Path:       "/api/auth/sign-in/email",
		Host:       gatewayHost,
		RemoteAddr: "198.51.100.7:0",
		Header: gatewayHeader(
			"Content-Type",
			"application/json",
			"Content-Length",
			"56",
			"Origin",
			"https://learn.example.com",
		),
		Body:   `{"email":"ünal@example.com","password":"correct horse"}`,
		Length: 56,
	},
	"gateway_post_base64": {
		Method: "POST", Path: "/api/auth/sign-in/email", Host: gatewayHost, RemoteAddr: "198.51.100.7:0",
		Header: gatewayHeader("Content-Type", "application/x-www-form-urlencoded", "Content-Length", "46"),
		Body:   "email=ann%40example.com&password=correct+horse", Length: 46,
	},
	"gateway_multi_value": {
		Method:     "GET",
		Path:       "/api/profile",
		Host:       gatewayHost,
		RemoteAddr: "[2001:db8::7]:0",
		URI:        "/api/profile?field=a&field=b&empty=",
		Query:      url.Values{"field": {"a", "b"}, "empty": {""}},
		Header: gatewayHeader(
			"Accept",
			"application/json,text/html",
			"X-Forwarded-For",
			"2001:db8::7",
			"X-Probe",
			"first,second",
		),
	},
	// The client sent /api/auth/reset-password/a%20b%25%C3%A9%23; the gateway decoded it.
	"gateway_path": {
		Method: "GET", Path: "/api/auth/reset-password/a b%é#", Host: gatewayHost, RemoteAddr: "198.51.100.7:0",
		Escaped: "/api/auth/reset-password/a%20b%25%C3%A9%23",
		URI:     "/api/auth/reset-password/a%20b%25%C3%A9%23?callbackURL=%2Freset",
		Query:   url.Values{"callbackURL": {"/reset"}},
		Header:  gatewayHeader(),
	},
	"gateway_stage": {
		Method: "GET", Path: "/api/auth/ok", Host: gatewayHost, RemoteAddr: "198.51.100.7:0", Header: gatewayHeader(),
	},
	"gateway_options": {
		Method: "OPTIONS", Path: "/api/auth/sign-in/email", Host: gatewayHost, RemoteAddr: "198.51.100.7:0",
		Header: gatewayHeader("Origin", "https://learn.example.com",
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,authorization"),
	},
	"gateway_health": {
		Method: "GET", Path: "/health", Host: gatewayHost, RemoteAddr: "198.51.100.7:0", Header: gatewayHeader(),
	},
	// The cookie header beside cookies[] is not read a second time.
	"sam_get": {
		Method: "GET", Path: "/api/auth/reset-password/a b%é", Host: "localhost:3001", RemoteAddr: "127.0.0.1:0",
		Escaped: "/api/auth/reset-password/a%20b%25%C3%A9",
		URI:     "/api/auth/reset-password/a%20b%25%C3%A9?callbackURL=%2Freset&tag=a&tag=b%20c",
		Query:   url.Values{"callbackURL": {"/reset"}, "tag": {"a", "b c"}},
		Header: samHeader("Cookie", sessionCookie+"; theme=a,b",
			"If-Modified-Since", "Mon, 20 Oct 2025 05:00:34 GMT", "X-Probe", "first,second"),
	},
	"sam_post": {
		Method: "POST", Path: "/api/auth/sign-in/email", Host: "localhost:3001", RemoteAddr: "127.0.0.1:0",
		Header: samHeader("Content-Type", "application/json", "Content-Length", "36"),
		Body:   `{"email":"ann@example.com","a":"é"}`, Length: 36,
	},
	"sam_form": {
		Method: "POST", Path: "/api/auth/sign-in/email", Host: "localhost:3001", RemoteAddr: "127.0.0.1:0",
		Header: samHeader("Content-Type", "application/x-www-form-urlencoded", "Content-Length", "46"),
		Body:   "email=ann%40example.com&password=correct+horse", Length: 46,
	},
	// SAM puts only the first of two cookies with the same name into cookies[]. An X-Forwarded-For of the client is only
	// a header.
	"sam_cookies": {
		Method: "GET", Path: "/api/auth/get-session", Host: "learn.example.com", RemoteAddr: "127.0.0.1:0",
		URI:   "/api/auth/get-session?disableCookieCache=true&empty=&plus=a+b",
		Query: url.Values{"disableCookieCache": {"true"}, "empty": {""}, "plus": {"a b"}},
		Header: samHeader("Cookie", "a=1; b=x=y; lonely=; c=%22q%22",
			"Accept-Language", "en-US,en;q=0.9,de;q=0.8", "X-Forwarded-For", "198.51.100.7"),
	},
	"sam_health": {
		Method: "GET", Path: "/health", Host: "localhost:3001", RemoteAddr: "127.0.0.1:0", Header: samHeader(),
	},
	"function_url_get": {
		Method: "GET", Path: "/api/auth/reset-password/a b%é/c", Host: functionURLHost, RemoteAddr: "203.0.113.20:0",
		Escaped: "/api/auth/reset-password/a%20b%25%C3%A9%2Fc",
		URI:     "/api/auth/reset-password/a%20b%25%C3%A9%2Fc?callbackURL=%2Freset&tag=a&tag=b+c",
		Query:   url.Values{"callbackURL": {"/reset"}, "tag": {"a", "b c"}},
		Header:  urlHeader("Cookie", sessionCookie+"; theme=dark", "If-None-Match", `"a", "b"`),
	},
	"function_url_post": {
		Method: "POST", Path: "/api/auth/sign-in/email", Host: functionURLHost, RemoteAddr: "203.0.113.20:0",
		Header: urlHeader("Content-Type", octetStream, "Content-Length", "4"),
		Body:   "\x00\ufffd\ufffd\x01", Length: 4, // reportRequest writes JSON, which cannot represent \xff\xfe
	},
	"function_url_health": {
		Method: "GET", Path: "/health", Host: functionURLHost, RemoteAddr: "203.0.113.20:0", Header: urlHeader(),
	},
}

func TestGoldenEventsBecomeRequests(t *testing.T) {
	t.Parallel()
	for name, want := range goldenRequests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if want.Escaped == "" {
				want.Escaped = want.Path
			}
			if want.URI == "" {
				want.URI = want.Escaped
			}
			if want.Query == nil {
				want.Query = url.Values{}
			}
			if diff := cmp.Diff(requestSeenByHandler(t, readGoldenEvent(t, name)), want); diff != "" {
				t.Errorf("request that the handler sees (-got +want):\n%s", diff)
			}
		})
	}
}

// The event gateway_head has a test of its own.
func TestEveryGoldenEventIsTested(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	want := append(slices.Collect(maps.Keys(goldenRequests)), "gateway_head")
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("events in testdata (-got +tested):\n%s", diff)
	}
}
