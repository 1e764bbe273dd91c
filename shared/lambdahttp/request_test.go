package lambdahttp_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/lambdahttp"
)

func TestCookiesReplaceCookieHeader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		cookies []string
		header  map[string]string
		want    []string
	}{
		{"the gateway's list", []string{"a=1", "b=2; c=3"}, nil, []string{"a=1; b=2; c=3"}},
		{"list and header", []string{"a=1"}, map[string]string{"Cookie": "a=2", "cookie": "a=3"}, []string{"a=1"}},
		{"header alone", nil, map[string]string{"cookie": "a=1,2; b=3"}, []string{"a=1,2; b=3"}},
		{"empty list and header", []string{}, map[string]string{"Cookie": "a=1"}, []string{"a=1"}},
		{"none", nil, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := readGoldenEvent(t, "gateway_health")
			e.Cookies, e.Headers = tt.cookies, tt.header
			if diff := cmp.Diff(requestSeenByHandler(t, e).Header["Cookie"], tt.want); diff != "" {
				t.Errorf("header Cookie (-got +want):\n%s", diff)
			}
		})
	}
}

func TestHeaderValuesAreNotSplit(t *testing.T) {
	t.Parallel()
	e := readGoldenEvent(t, "gateway_health")
	e.Headers = map[string]string{
		"if-unmodified-since": "Mon, 20 Oct 2025 05:00:34 GMT",
		"X-SPACED":            " a , b ",
		"x-empty":             "",
		"X-Twice":             "title case", "x-twice": "lower case",
	}
	want := http.Header{
		"If-Unmodified-Since": {"Mon, 20 Oct 2025 05:00:34 GMT"},
		"X-Spaced":            {" a , b "},
		"X-Empty":             {""},
		"X-Twice":             {"title case", "lower case"},
	}
	if diff := cmp.Diff(requestSeenByHandler(t, e).Header, want); diff != "" {
		t.Errorf("headers (-got +want):\n%s", diff)
	}
}

func TestHostAndRemoteAddrComeFromEvent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, domain, sourceIP string
		header                 map[string]string
		wantHost, wantAddr     string
	}{
		{
			"host header", "a.execute-api.x", "198.51.100.7",
			map[string]string{"HOST": "learn.example.com"},
			"learn.example.com", "198.51.100.7:0",
		},
		{"no host header", "a.execute-api.x", "2001:db8::7", nil, "a.execute-api.x", "[2001:db8::7]:0"},
		{"neither", "", "", nil, "", ""},
		{"no IP address", "", "unknown, 10.0.0.1", nil, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := readGoldenEvent(t, "gateway_health")
			e.Headers, e.RequestContext.DomainName, e.RequestContext.HTTP.SourceIP = tt.header, tt.domain, tt.sourceIP
			got := requestSeenByHandler(t, e)
			if got.Host != tt.wantHost || got.RemoteAddr != tt.wantAddr || len(got.Header) != 0 {
				t.Errorf("got the host %q, remote address %q and headers %v, want %q, %q and no headers",
					got.Host, got.RemoteAddr, got.Header, tt.wantHost, tt.wantAddr)
			}
		})
	}
}

func TestPathIsDecodedOnceAndHasNoStage(t *testing.T) {
	t.Parallel()
	const (
		api      = "a.execute-api.eu-central-1.amazonaws.com"
		function = "u.lambda-url.eu-central-1.on.aws"
		custom   = "learn.example.com"
	)
	tests := []struct {
		name, domain, stage, rawPath, contextPath string
		wantPath, wantEscaped                     string
	}{
		{"default stage", api, "$default", "/$default/a", "", "/$default/a", "/$default/a"},
		{"named stage", api, "prod", "/prod/a", "", "/a", "/a"},
		{"named stage alone", api, "prod", "/prod", "", "/", "/"},
		{"named stage and slash", api, "prod", "/prod/", "", "/", "/"},
		{"stage removed once", api, "prod", "/prod/prod/a", "", "/prod/a", "/prod/a"},
		{"begins like the stage", api, "prod", "/product/a", "", "/product/a", "/product/a"},
		{"stage not in the path", api, "prod", "/a/prod", "", "/a/prod", "/a/prod"},
		{"custom domain has no stage", custom, "api", "/api/auth/ok", "", "/api/auth/ok", "/api/auth/ok"},
		{"sam local has no stage", "localhost", "api", "/api/auth/ok", "", "/api/auth/ok", "/api/auth/ok"},
		{"gateway decoded once", api, "$default", "/a%2Fb", "", "/a%2Fb", "/a%252Fb"},
		{"gateway decoded a question mark", api, "$default", "/a?b", "", "/a?b", "/a%3Fb"},
		{"function url as sent", function, "$default", "/a%2Fb%3F!", "", "/a/b?!", "/a%2Fb%3F!"},
		{"function url with a bad escape", function, "$default", "/a%zz", "", "/a%zz", "/a%25zz"},
		{"path in the context", api, "$default", "", "/a", "/a", "/a"},
		{"no path", api, "$default", "", "", "/", "/"},
		{"no slash", api, "$default", "a", "", "/a", "/a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := readGoldenEvent(t, "gateway_health")
			e.RawPath, e.RequestContext.HTTP.Path = tt.rawPath, tt.contextPath
			e.RequestContext.DomainName, e.RequestContext.Stage = tt.domain, tt.stage
			got := requestSeenByHandler(t, e)
			if got.Path != tt.wantPath || got.Escaped != tt.wantEscaped || got.URI != tt.wantEscaped {
				t.Errorf("got the path %q, escaped path %q and URI %q, want the path %q, and %q for both others",
					got.Path, got.Escaped, got.URI, tt.wantPath, tt.wantEscaped)
			}
		})
	}
}

func TestBodySizeIsLimited(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("x", lambdahttp.MaxEventBodyBytes)
	encoded := base64.StdEncoding.EncodeToString([]byte(full[:lambdahttp.MaxEventBodyBytes/4*3]))
	tests := []struct {
		name       string
		body       string
		base64     bool
		wantStatus int
		wantLength int64
	}{
		{"text at the limit", full, false, http.StatusNoContent, lambdahttp.MaxEventBodyBytes},
		{"text over the limit", full + "x", false, http.StatusRequestEntityTooLarge, 0},
		{"base64 at the limit", encoded, true, http.StatusNoContent, lambdahttp.MaxEventBodyBytes / 4 * 3},
		{"base64 over the limit", encoded + "AAAA", true, http.StatusRequestEntityTooLarge, 0},
		{"no body", "", false, http.StatusNoContent, 0},
		{"no body, base64", "", true, http.StatusNoContent, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := readGoldenEvent(t, "gateway_post_json")
			e.Body, e.IsBase64Encoded = tt.body, tt.base64
			var length int64
			answer := responseOf(t, e, func(w http.ResponseWriter, r *http.Request) {
				length = r.ContentLength
				w.WriteHeader(http.StatusNoContent)
			})
			if answer.StatusCode != tt.wantStatus || length != tt.wantLength {
				t.Errorf("got the status %d and a body of the length %d, want %d and %d",
					answer.StatusCode, length, tt.wantStatus, tt.wantLength)
			}
		})
	}
}

func TestInvalidEventsAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		change     func(*events.APIGatewayV2HTTPRequest)
		wantStatus int
		wantBody   string
	}{
		{
			"malformed base64", func(e *events.APIGatewayV2HTTPRequest) { e.Body, e.IsBase64Encoded = "a=b", true },
			400, `{"message":"Request body is not valid base64","code":"BAD_REQUEST"}`,
		},
		{
			"too large",
			func(e *events.APIGatewayV2HTTPRequest) { e.Body = strings.Repeat("x", lambdahttp.MaxEventBodyBytes+1) },
			413, `{"message":"Request body is too large","code":"PAYLOAD_TOO_LARGE"}`,
		},
		{
			"no method", func(e *events.APIGatewayV2HTTPRequest) { *e = events.APIGatewayV2HTTPRequest{} },
			400, `{"message":"Not an HTTP request","code":"BAD_REQUEST"}`,
		},
		{
			"method of two lines", func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.HTTP.Method = "GET\nX" },
			400, `{"message":"Not an HTTP request","code":"BAD_REQUEST"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := readGoldenEvent(t, "gateway_post_json")
			tt.change(&e)
			got := responseOf(t, e, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
			want := events.APIGatewayV2HTTPResponse{
				StatusCode: tt.wantStatus, Body: tt.wantBody, Headers: map[string]string{"Content-Type": "application/json"},
				Cookies: []string{},
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("response (-got +want):\n%s", diff)
			}
		})
	}
}
