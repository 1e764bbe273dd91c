package lambdahttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
	"github.com/xenon-auth/xenon/shared/web"
)

func TestR48_ContextEndsBeforeTheInvocation(t *testing.T) {
	t.Parallel()
	invocation := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), invocation)
	defer cancel()

	var during context.Context
	h := func(_ http.ResponseWriter, r *http.Request) {
		during = r.Context()
		if err := during.Err(); err != nil {
			t.Errorf("while the handler runs, its context has the error %v, want none", err)
		}
	}
	if _, err := lambdahttp.Handler(http.HandlerFunc(h))(ctx, readGoldenEvent(t, "gateway_health")); err != nil {
		t.Fatal(err)
	}
	if got, want := deadlineOf(during), invocation.Add(-500*time.Millisecond); !got.Equal(want) {
		t.Errorf("the context of the request has the deadline %v, want %v", got, want)
	}
	if during.Err() == nil {
		t.Error("the context of the request is not canceled after the request")
	}
}

func deadlineOf(ctx context.Context) time.Time {
	d, _ := ctx.Deadline()
	return d
}

func TestR48_HandlerIsStoppedAndAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		h := func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done() // like a query of a database that does not answer
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		answer, err := lambdahttp.Handler(http.HandlerFunc(h))(ctx, readGoldenEvent(t, "gateway_health"))
		if err != nil || answer.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("handler that waits for the end of its context: got status %d, error %v, want 503", answer.StatusCode, err)
		}
		if err := ctx.Err(); err != nil {
			t.Errorf("the invocation ended before the handler answered: %v", err)
		}
	})
}

func TestR48_NoDeadlineIsAdded(t *testing.T) {
	t.Parallel()
	responseOf(t, readGoldenEvent(t, "gateway_health"), func(_ http.ResponseWriter, r *http.Request) {
		if got := deadlineOf(r.Context()); !got.IsZero() {
			t.Errorf("invocation without a deadline: the request has the deadline %v, want none", got)
		}
	})
}

func TestRequestIDIsTheIDOfAPIGateway(t *testing.T) {
	t.Parallel()
	ok := func(http.ResponseWriter, *http.Request) error { return nil }
	h := web.Routes{"GET /api/auth/get-session": ok}.Mux(config.API{})
	invoked := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "8c1f7a52"})
	tests := []struct {
		name, gateway string
		want          string
	}{
		{"id of API Gateway, not of the client", "T1x2yhOlFiAEJZQ=", "T1x2yhOlFiAEJZQ="},
		{"without an id of API Gateway, id of the invocation", "", "8c1f7a52"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := readGoldenEvent(t, "gateway_get") // carries an X-Request-Id of the client
			e.RequestContext.RequestID = tt.gateway
			answer, err := lambdahttp.Handler(h)(invoked, e)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("got status %d, error %v, want 200", answer.StatusCode, err)
			}
			if got := answer.Headers[web.RequestIDHeader]; got != tt.want {
				t.Errorf("got the request id %q, want %q", got, tt.want)
			}
		})
	}
}

// Not parallel, because it replaces the logger of the process.
func TestR49_PanicBecomes500(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"a value that may quote input", func(http.ResponseWriter, *http.Request) { panic("hunter2") }, "string"},
		{
			"runtime error", func(_ http.ResponseWriter, r *http.Request) { r.MultipartForm.Value["x"] = nil },
			"nil pointer dereference",
		},
		{"after the answer began", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Set-Cookie", "a=1")
			writeText(w, "hunter2")
			panic(http.ErrAbortHandler)
		}, "*errors.errorString"},
		{"invalid status code", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(42) }, "string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			logged := captureLog(t)
			got := responseOf(t, readGoldenEvent(t, "gateway_get"), tt.handler)
			want := events.APIGatewayV2HTTPResponse{StatusCode: 500, Headers: map[string]string{}, Cookies: []string{}}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("response after a panic (-got +want):\n%s", diff)
			}
			var record struct{ Level, Msg, RequestID, Panic, Stack string }
			if err := json.Unmarshal(logged.Bytes(), &record); err != nil {
				t.Fatalf("the log is not one JSON record: %v\n%s", err, logged)
			}
			if record.Level != "ERROR" || record.RequestID != "T1x2yhOlFiAEJZQ=" || !strings.Contains(record.Panic, tt.want) ||
				!strings.Contains(record.Stack, "lambdahttp") {
				t.Errorf("log of the panic: got %+v, want the level ERROR, the request id, a stack and %q", record, tt.want)
			}
			if strings.Contains(logged.String(), "hunter2") {
				t.Errorf("the value of the panic is logged: %s", logged)
			}
		})
	}
}

// Not parallel, because it replaces the logger of the process.
func TestRejectedEventIsLoggedOnce(t *testing.T) {
	logged := captureLog(t)
	e := readGoldenEvent(t, "gateway_post_base64")
	e.Body = "hunter2!"
	responseOf(t, e, func(http.ResponseWriter, *http.Request) {})
	var record struct {
		Msg, RequestID, Code string
		Status               int
	}
	if err := json.Unmarshal(logged.Bytes(), &record); err != nil {
		t.Fatalf("the log is not one JSON record: %v\n%s", err, logged)
	}
	if record.RequestID != "T1x2yhOlFiAEJZQ=" || record.Status != 400 || strings.Contains(logged.String(), "hunter2") {
		t.Errorf("event with a wrong base64 body: got the log %s, want the request id, status 400 and no body", logged)
	}
}

func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &logged
}
