package lambdahttp_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/xenon-auth/xenon/shared/lambdahttp"
)

// No event makes the invocation fail or the handler panic. The status of every response is 200, 400 or 413.
func FuzzEvent(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no events in testdata: %v", err)
	}
	for _, name := range files {
		seed, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Add([]byte(`{}`))
	f.Add(
		[]byte(
			`{"rawPath":"//%zz?#","rawQueryString":"%\u0000#","headers":{"":"","a b":"\r\n"},` +
				`"requestContext":{"domainName":"a b/%","http":{"method":"PATCH"}}}`,
		),
	)

	// A panic in this handler becomes a 500, which fails the fuzz test.
	handle := lambdahttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, path := range []string{r.RequestURI, r.URL.Path, r.URL.EscapedPath()} {
			if !strings.HasPrefix(path, "/") {
				panic("a request of net/http's server has a path")
			}
		}
		if r.Header["Host"] != nil || r.URL.Host != "" || r.Body == nil {
			panic("a request of net/http's server has no Host header, no host in its URL, and a body")
		}
		reportRequest(w, r)
	}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e events.APIGatewayV2HTTPRequest
		if json.Unmarshal(raw, &e) != nil {
			return // the Lambda runtime client rejects such an event and does not call the handler
		}
		answer, err := handle(t.Context(), e)
		if err != nil {
			t.Fatalf("the invocation failed: %v", err)
		}
		switch answer.StatusCode {
		case http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("got the status %d, want 200, 400 or 413", answer.StatusCode)
		}
		if _, err := json.Marshal(answer); err != nil {
			t.Errorf("the response cannot be encoded as JSON: %v", err)
		}
	})
}
