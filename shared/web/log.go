package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"
)

// record collects what the one log line of a request says.
type record struct {
	id     string
	route  string
	userID string
	event  string // empty if the audit log does not tell of the request
	ip     string
	agent  string
	waits  int
	attrs  []slog.Attr

	dropped int // mails
}

type recordKey struct{}

// codeKey names the reason of a refusal.
const codeKey = "code"

// recordOf is the record of the request that ctx belongs to; outside of one, a record nobody writes.
func recordOf(ctx context.Context) *record {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		return rec
	}
	return &record{}
}

func note(ctx context.Context, a slog.Attr) {
	rec := recordOf(ctx)
	rec.attrs = append(rec.attrs, a)
}

// NoteUser puts the id of the caller into the log record of the request.
func NoteUser(ctx context.Context, userID string) { recordOf(ctx).userID = userID }

// NoteCode puts the reason of a refusal into the log record of a request that is not answered with an Error: a redirect.
func NoteCode(ctx context.Context, code string) { note(ctx, slog.String(codeKey, code)) }

// Audit makes the record of the request one of the audit log: beside the moment (UTC), the id of the request, the user
// and the code of a refusal, which every record has, it tells what was attempted, with which result, from where and with what. Of
// what the client calls itself it keeps what a line of text can hold.
func Audit(ctx context.Context, event, ip, agent string) {
	rec := recordOf(ctx)
	rec.event, rec.ip, rec.agent = event, ip, printable(agent)
}

// maxAgent is how much of a user agent a record keeps, in bytes.
const maxAgent = 200

// printable is text without what moves a terminal's cursor, colours it, or turns the direction of writing.
func printable(text string) string {
	text = text[:min(len(text), maxAgent)]
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
}

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
			rec.write(r.Context(), sw.status, start, time.Since(start))
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

func (rec *record) write(ctx context.Context, status int, start time.Time, took time.Duration) {
	if status == 0 {
		status = http.StatusOK
	}
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	h := slog.Default().Handler()
	if !h.Enabled(ctx, level) {
		return
	}
	cold := !warm.Swap(true)
	line := slog.NewRecord(start.Add(took).UTC(), level, "request", 0)
	line.AddAttrs(
		slog.String("route", rec.route),
		slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Bool("cold", cold),
		slog.String("requestId", rec.id),
	)
	if rec.userID != "" {
		line.AddAttrs(slog.String("userId", rec.userID))
	}
	if rec.event != "" {
		line.AddAttrs(slog.String("event", rec.event), slog.String("result", rec.result(status)),
			slog.String("ip", rec.ip), slog.String("agent", rec.agent))
	}
	line.AddAttrs(rec.attrs...)
	rec.count(ctx, &line, cold, status)
	_ = h.Handle(ctx, line) // as slog itself: there is nowhere to complain
}

// result is how an event ended: "ok", "refused", or "failed" by our own fault.
func (rec *record) result(status int) string {
	refused := slices.ContainsFunc(rec.attrs, func(a slog.Attr) bool { return a.Key == codeKey })
	switch {
	case status >= http.StatusInternalServerError:
		return "failed"
	case status >= http.StatusBadRequest, refused:
		return "refused"
	}
	return "ok"
}

type requestIDKey struct{}

// WithRequestID says under which id the gateway knows the request. Without it a request gets a random one; a client
// cannot choose it.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// viaGateway reports whether the request came by the gateway, as WithRequestID says.
func viaGateway(ctx context.Context) bool { return ctx.Value(requestIDKey{}) != nil }

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
