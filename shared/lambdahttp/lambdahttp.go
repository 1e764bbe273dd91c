// Package lambdahttp serves an http.Handler behind API Gateway's HTTP API, a Lambda Function URL or sam local, and repairs
// in one place what the proxy adapter loses on the way.
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

// Reserve is what a request's context ends before Lambda would end the process, so that a handler whose database hangs
// still has the time to answer and to log.
const Reserve = 500 * time.Millisecond

// Func is the handler of an event in payload format 2.0. It never panics and never returns an error.
type Func = func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// Main is a door: it reads the settings, builds the handler once per sandbox, and serves events until Lambda ends the
// process. With bad settings it logs all problems in one record and exits with status 1. Logs are JSON lines on stdout.
func Main(build func(cfg config.API) http.Handler) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	cfg, err := config.FromEnv(config.LoadAPI)
	if err != nil {
		slog.Error("settings are wrong; the function does not start", "problems", problems(err))
		os.Exit(1)
	}
	lambda.StartHandlerFunc(Handler(build(cfg)))
}

// problems are the single errors that were joined into err, which config writes without the values of secrets.
func problems(err error) []string {
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

// Handler makes h the handler of payload-format-2.0 events of an HTTP API, a Function URL or sam local. h sees requests as
// net/http's server hands them out, except that a header sent more than once arrives as one value joined by commas and
// that the context carries the gateway's id for shared/web and ends Reserve before the invocation does.
func Handler(h http.Handler) Func {
	return func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (answer events.APIGatewayV2HTTPResponse, err error) {
		id := requestID(ctx, e)
		defer func() {
			if p := recover(); p != nil {
				logPanic(ctx, id, p)
				answer, err = reply(http.StatusInternalServerError), nil
			}
		}()
		plain, refused := plainEvent(e)
		if refused != nil {
			slog.WarnContext(ctx, "event refused", "requestId", id, "status", refused.status, "code", refused.Code)
			return refused.answer(), nil
		}
		ctx, cancel := withReserve(web.WithRequestID(ctx, id))
		defer cancel()
		return httpadapter.NewV2(restored(h, e)).ProxyWithContext(ctx, plain)
	}
}

func restored(h http.Handler, e events.APIGatewayV2HTTPRequest) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		restore(r, e)
		answer := &writer{ResponseWriter: w, method: r.Method}
		h.ServeHTTP(answer, r)
		answer.WriteHeader(http.StatusOK)
	}
}

func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-Reserve))
}

// logPanic writes the one record of a panic. Only the runtime's own text is logged, as any other value may quote input.
func logPanic(ctx context.Context, id string, p any) {
	text := fmt.Sprintf("%T", p)
	if err, ok := p.(runtime.Error); ok {
		text = err.Error()
	}
	slog.ErrorContext(ctx, "panic", "requestId", id, "panic", text, "stack", string(debug.Stack()))
}
