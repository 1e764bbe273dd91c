package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// record collects what the one log line of a request says.
type record struct {
	id    string
	route string
	attrs []slog.Attr
}

type recordKey struct{}

func note(ctx context.Context, a slog.Attr) {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		rec.attrs = append(rec.attrs, a)
	}
}

func setRoute(ctx context.Context, route string) {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		rec.route = route
	}
}

// NoteUser puts the id of the caller into the log record of the request.
func NoteUser(ctx context.Context, userID string) { note(ctx, slog.String("userId", userID)) }

// NoteError puts an error into the log record of a request that is answered all the same.
func NoteError(ctx context.Context, err error) { note(ctx, slog.String("error", err.Error())) }

// RequestIDHeader is sent with every answer, so that a person can quote it and find the record of their request.
const RequestIDHeader = "X-Request-Id"

var warm atomic.Bool

// logged gives a request its id and its record, answers panics with a bare 500, and writes the record when it is done.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now() //nolint:forbidigo // measures this process, not the product's clock
		rec := &record{id: requestID(r.Context())}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		sw := &statusWriter{ResponseWriter: w}
		sw.Header().Set(RequestIDHeader, rec.id)
		defer func() {
			if p := recover(); p != nil {
				rec.attrs = append(rec.attrs, slog.String("error", "panic: "+cause(p)), slog.String("stack", string(debug.Stack())))
				if sw.status == 0 {
					sw.WriteHeader(http.StatusInternalServerError)
				}
			}
			rec.write(r.Context(), sw.status, time.Since(start))
		}()
		next.ServeHTTP(sw, r)
	})
}

// cause tells what a panic was. Only the runtime's own words are repeated: anything else may carry somebody's data.
func cause(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

func (rec *record) write(ctx context.Context, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK
	}
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := append([]slog.Attr{
		slog.String("route", rec.route),
		slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Bool("cold", !warm.Swap(true)),
		slog.String("requestId", rec.id),
	}, rec.attrs...)
	slog.LogAttrs(ctx, level, "request", attrs...)
}

type requestIDKey struct{}

// WithRequestID says under which id the gateway knows the request. Without it a request gets a random one; a client
// cannot choose it.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

func requestID(ctx context.Context) string {
	if id, _ := ctx.Value(requestIDKey{}).(string); id != "" {
		return id
	}
	return rand.Text()
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
