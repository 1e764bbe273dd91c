package awsjson

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/xenon-auth/xenon/shared/config"
)

var settings = config.AWS{
	Region: "eu-central-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "not-shown", SessionToken: "token",
}

// newTestClient returns a client of CloudWatch Logs whose calls answer handles, and the number of calls until now.
func newTestClient(t *testing.T, answer http.HandlerFunc) (*Client, *atomic.Int64) {
	t.Helper()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	as := settings
	as.LogsEndpoint = server.URL + "/"
	c, err := CloudWatchLogs(as) // its pauses are short
	if err != nil {
		t.Fatal(err)
	}
	return c, &calls
}

func refuse(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// refuseWithMessage answers as AWS does. The message must not be in the text of the error.
func refuseWithMessage(code string) http.HandlerFunc {
	return refuse(http.StatusBadRequest, `{"__type":"`+code+`","Message":"not-shown"}`)
}

func TestCallSendsASignedOperationAndReadsTheAnswer(t *testing.T) {
	t.Parallel()
	c, _ := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		var in struct{ A string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.A != "<b>" {
			t.Errorf("body of the request: got %+v and the error %v, want A=<b>", in, err)
		}
		for name, want := range map[string]string{
			"X-Amz-Target": "Logs_20140328.Do", "Content-Type": "application/x-amz-json-1.1", "X-Amz-Security-Token": "token",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("header %s: got %q, want %q", name, got, want)
			}
		}
		got := r.Header.Get("Authorization")
		if !strings.Contains(got, "/eu-central-1/logs/aws4_request") || r.URL.Path != "/" {
			t.Errorf("POST %s, Authorization: got %q, want / and a signature for logs in eu-central-1", r.URL.Path, got)
		}
		fmt.Fprint(w, `{"B":"c"}`)
	})
	var out struct{ B string }
	if err := c.Call(t.Context(), "Do", map[string]string{"A": "<b>"}, &out); err != nil || out.B != "c" {
		t.Errorf("Call: got %+v and the error %v, want B=c", out, err)
	}
	if err := c.Call(t.Context(), "Do", map[string]string{"A": "<b>"}, nil); err != nil {
		t.Errorf("Call without a result: got the error %v, want none", err)
	}
}

// The SDK retries the same errors. An expired token stays expired.
func TestCallRetriesWhatMaySucceed(t *testing.T) {
	t.Parallel()
	cutOff := func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "9") }
	redirect := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusTemporaryRedirect) }
	codeInHeader := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException:http://internal.amazon.com/x")
		w.WriteHeader(http.StatusBadRequest)
	}
	for name, c := range map[string]struct {
		answer    http.HandlerFunc
		calls     int64
		code      string
		temporary bool
	}{
		"no answer":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, "", true},
		"cut off":          {cutOff, 3, "", true},
		"internal":         {refuse(500, `{"__type":"InternalServiceError"}`), 3, "InternalServiceError", true},
		"proxy":            {refuse(503, "<html>"), 3, "", true},
		"throttled":        {refuseWithMessage("a.b#ThrottlingException"), 3, "ThrottlingException", true},
		"not allowed":      {refuseWithMessage("AccessDeniedException"), 1, "AccessDeniedException", false},
		"not found":        {refuseWithMessage("ResourceNotFoundException"), 1, "ResourceNotFoundException", false},
		"expired":          {refuseWithMessage("ExpiredTokenException"), 1, "ExpiredTokenException", false},
		"wrong key":        {refuse(403, `{"__type":"InvalidSignatureException"}`), 1, "InvalidSignatureException", false},
		"without a code":   {refuse(403, ""), 1, "", false},
		"redirect":         {redirect, 1, "", false},
		"not JSON":         {refuse(200, `{"not-shown`), 1, "", false},
		"code in a header": {codeInHeader, 1, "AccessDeniedException", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, calls := newTestClient(t, c.answer)
			err := client.Call(t.Context(), "Do", struct{}{}, &struct{}{})
			if err == nil || strings.Contains(err.Error(), "not-shown") || !strings.Contains(err.Error(), c.code) {
				t.Fatalf("Call: got the error %v, want one with %q and without the message", err, c.code)
			}
			if got := calls.Load(); got != c.calls || IsTemporary(err) != c.temporary {
				t.Errorf("got %d calls and IsTemporary %v, want %d and %v: %v", got, IsTemporary(err), c.calls, c.temporary, err)
			}
			if answer, ok := errors.AsType[*Error](err); ok && answer.Code != c.code {
				t.Errorf("code: got %q, want %q", answer.Code, c.code)
			}
		})
	}
}

func TestCallSucceedsAfterTwoFailures(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	c, calls := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) <= 2 {
			refuse(503, "")(w, r)
		} else {
			fmt.Fprint(w, `{}`)
		}
	})
	if err := c.Call(t.Context(), "Do", struct{}{}, &struct{}{}); err != nil || calls.Load() != 3 {
		t.Errorf("Call: got the error %v after %d calls, want success at the third", err, calls.Load())
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, calls := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		refuse(503, "")(w, r)
	})
	if err := c.Call(ctx, "Do", struct{}{}, nil); err == nil || calls.Load() != 1 {
		t.Errorf("Call whose context ends: got the error %v after %d calls, want an error after 1", err, calls.Load())
	}
	if err := c.Call(ctx, "Do", struct{}{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Call with a context that has ended: got the error %v, want context canceled", err)
	}
}

func TestClientNeedsSettings(t *testing.T) {
	t.Parallel()
	if _, err := SecretsManager(config.AWS{Region: "eu-central-1"}); err == nil ||
		!strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Errorf("SecretsManager without credentials: got the error %v, want one that names AWS_ACCESS_KEY_ID", err)
	}
	if _, err := SQS(settings, "https://sqs/%x"); err == nil {
		t.Error("SQS with an invalid URL: got no error, want one")
	}
}

// The hosts are those of the SDK's clients.
func TestEndpointsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	for _, region := range []string{
		"us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1",
		"eu-isoe-west-1", "us-isof-south-1",
	} {
		as := settings
		as.Region = region
		c, err := SecretsManager(as)
		if err != nil {
			t.Fatal(err)
		}
		want, err := secretsmanager.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(),
			secretsmanager.EndpointParameters{Region: &region})
		if err != nil {
			t.Fatal(err)
		}
		if c.endpoint != want.URI.String() {
			t.Errorf("Secrets Manager in %s: got %s, want %s", region, c.endpoint, want.URI.String())
		}
	}
	ses, err := SES(settings)
	if want := "https://email.eu-central-1.amazonaws.com"; err != nil || ses.endpoint != want {
		t.Errorf("SES: got %s and the error %v, want %s", ses.endpoint, err, want)
	}
	c, err := SQS(settings, "https://sqs.eu-central-1.amazonaws.com/123456789012/mail")
	if err != nil {
		t.Fatal(err)
	}
	region := "eu-central-1"
	want, err := sqs.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), sqs.EndpointParameters{Region: &region})
	if err != nil || c.endpoint != want.URI.String() {
		t.Errorf("SQS: got %s, want %s (error %v)", c.endpoint, want.URI.String(), err)
	}
}
