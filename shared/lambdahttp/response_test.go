package lambdahttp_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/lambdahttp"
)

// responseOf returns the response to an event that the handler h gives.
func responseOf(t testing.TB, e events.APIGatewayV2HTTPRequest, h http.HandlerFunc) events.APIGatewayV2HTTPResponse {
	t.Helper()
	answer, err := lambdahttp.Handler(h)(t.Context(), e)
	if err != nil {
		t.Fatalf("the invocation failed: %v", err)
	}
	return answer
}

func TestResponsesAreThoseOfNetHTTP(t *testing.T) {
	t.Parallel()
	const text = "text/plain; charset=utf-8"
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    events.APIGatewayV2HTTPResponse
	}{
		{
			"no status and no body is 200", func(http.ResponseWriter, *http.Request) {},
			events.APIGatewayV2HTTPResponse{StatusCode: 200},
		},
		{
			"body without status is 200", func(w http.ResponseWriter, _ *http.Request) { writeText(w, "hello ünal") },
			events.APIGatewayV2HTTPResponse{
				StatusCode: 200, Headers: map[string]string{"Content-Type": text}, Body: "hello ünal",
			},
		},
		{
			"binary body is base64", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", octetStream)
				writeText(w, "\x00\xff")
			},
			events.APIGatewayV2HTTPResponse{
				StatusCode: 200, Headers: map[string]string{"Content-Type": octetStream}, Body: "AP8=", IsBase64Encoded: true,
			},
		},
		{
			"every cookie, in order, with its commas, in cookies only", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Add("Set-Cookie", "b=2; Path=/; Expires=Mon, 20 Oct 2025 05:00:34 GMT")
				w.Header().Add("Set-Cookie", "a=1; HttpOnly")
				w.Header().Add("Set-Cookie", "c=; Max-Age=0")
				w.WriteHeader(http.StatusFound)
			},
			events.APIGatewayV2HTTPResponse{
				StatusCode: 302,
				Cookies:    []string{"b=2; Path=/; Expires=Mon, 20 Oct 2025 05:00:34 GMT", "a=1; HttpOnly", "c=; Max-Age=0"},
			},
		},
		{
			"several values are joined, and Content-Length is kept", func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Vary"] = []string{"Origin", "Cookie"}
				w.Header().Set("Content-Length", "2")
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusCreated)
				writeText(w, "{}")
			},
			events.APIGatewayV2HTTPResponse{
				StatusCode: 201, Body: "{}",
				Headers: map[string]string{"Vary": "Origin,Cookie", "Content-Length": "2", "Content-Type": "application/json"},
			},
		},
		{
			"only the first final status is sent", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusNotFound)
				w.WriteHeader(http.StatusOK)
			},
			events.APIGatewayV2HTTPResponse{StatusCode: 404},
		},
		{
			"204 has no body", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNoContent)
				if _, err := io.WriteString(w, "x"); err == nil {
					t.Error("writing a body after the status 204 returned no error, want one")
				}
			},
			events.APIGatewayV2HTTPResponse{StatusCode: 204},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.want.Headers == nil {
				tt.want.Headers = map[string]string{}
			}
			if tt.want.Cookies == nil {
				tt.want.Cookies = []string{}
			}
			if diff := cmp.Diff(responseOf(t, readGoldenEvent(t, "gateway_health"), tt.handler), tt.want); diff != "" {
				t.Errorf("response (-got +want):\n%s", diff)
			}
		})
	}
}

func TestResponseToHeadHasNoBody(t *testing.T) {
	t.Parallel()
	got := responseOf(t, readGoldenEvent(t, "gateway_head"), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		writeText(w, `{"method":"`+r.Method+`"}`)
	})
	want := events.APIGatewayV2HTTPResponse{
		StatusCode: 200, Headers: map[string]string{"Content-Type": "application/json"}, Cookies: []string{},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("response (-got +want):\n%s", diff)
	}
}

func writeText(w io.Writer, body string) {
	if _, err := io.WriteString(w, body); err != nil {
		panic(err)
	}
}
