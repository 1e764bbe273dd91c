// Package lambdahttp serves an http.Handler behind an HTTP API of API Gateway, a Lambda Function URL or sam local. It
// uses the proxy adapter of awslabs for the response, and builds the request itself where the adapter loses
// information: headers with several values, cookies, the encoded path, the host and the IP address.
package lambdahttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

// timeReservedForResponse is how long before the deadline of the invocation the context of a request ends, so that a
// handler whose database does not answer has time to respond and to log.
const timeReservedForResponse = 500 * time.Millisecond

// Func handles an event in payload format 2.0. The Func that Handler returns never panics and never returns an error.
type Func = func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// Main is the main function of a Lambda function that does not serve social sign-in: it reads the settings, builds the
// handler once per process, and serves events until Lambda ends the process. With wrong settings it logs all problems
// in one record and exits with status 1. Logs are JSON lines on stdout.
func Main(build func(cfg config.API) http.Handler) {
	startLambda(config.LoadWithoutSocial, neverFails(build))
}

// MainWithSocial is Main with the settings of social sign-in.
func MainWithSocial(build func(cfg config.API) http.Handler) {
	startLambda(config.LoadAPI, neverFails(build))
}

// MainWithFile is Main for a function whose settings name a file, which build reads. It treats an error of build like
// wrong settings.
func MainWithFile(build func(cfg config.API) (http.Handler, error)) {
	startLambda(config.LoadWithoutSocial, build)
}

func neverFails(build func(cfg config.API) http.Handler) func(cfg config.API) (http.Handler, error) {
	return func(cfg config.API) (http.Handler, error) { return build(cfg), nil }
}

func startLambda(
	load func(getenv func(string) string) (config.API, error), build func(cfg config.API) (http.Handler, error),
) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	cfg, err := config.FromEnv(load)
	var handler http.Handler
	if err == nil {
		handler, err = build(cfg)
	}
	if err != nil {
		slog.Error("settings are wrong; the function does not start", "problems", joinedErrors(err))
		os.Exit(1)
	}
	lambda.StartHandlerFunc(Handler(handler))
}

// joinedErrors returns the errors that are joined in err. config writes them without the values of secrets.
func joinedErrors(err error) []string {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []string{err.Error()}
	}
	var lines []string
	for _, e := range joined.Unwrap() {
		lines = append(lines, e.Error())
	}
	return lines
}

// Handler returns a Func that calls h. h gets the same requests as from net/http's server, with three differences:
//   - A header that was sent several times is one value, joined by commas.
//   - The context has API Gateway's request id for shared/web.
//   - The context ends timeReservedForResponse before the deadline of the invocation.
func Handler(h http.Handler) Func {
	return func(
		ctx context.Context, e events.APIGatewayV2HTTPRequest,
	) (answer events.APIGatewayV2HTTPResponse, err error) {
		id := requestID(ctx, e)
		defer func() {
			if p := recover(); p != nil {
				logPanic(ctx, id, p)
				answer, err = emptyResponse(http.StatusInternalServerError), nil
			}
		}()
		simple, rejected := losslessEvent(e)
		if rejected != nil {
			slog.WarnContext(ctx, "event rejected", "requestId", id, "status", rejected.status, "code", rejected.Code)
			return rejected.response(), nil
		}
		ctx, cancel := withEarlierDeadline(web.WithRequestID(ctx, id))
		defer cancel()
		return httpadapter.NewV2(withOriginalRequest(h, e)).ProxyWithContext(ctx, simple)
	}
}

// withOriginalRequest calls h with the request that the event describes.
func withOriginalRequest(h http.Handler, e events.APIGatewayV2HTTPRequest) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		restoreRequest(r, e)
		answer := &bodyRulesWriter{ResponseWriter: w, method: r.Method}
		h.ServeHTTP(answer, r)
		answer.WriteHeader(http.StatusOK)
	}
}

func withEarlierDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-timeReservedForResponse))
}

// logPanic logs a panic once. It logs the text of a runtime error only, because any other value may contain input.
func logPanic(ctx context.Context, id string, p any) {
	text := fmt.Sprintf("%T", p)
	if err, ok := p.(runtime.Error); ok {
		text = err.Error()
	}
	slog.ErrorContext(ctx, "panic", "requestId", id, "panic", text, "stack", string(debug.Stack()))
}
