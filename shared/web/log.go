package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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

// record collects what the log line of a request contains. Each request has one log line.
type record struct {
	id     string
	route  string
	userID string
	event  string // empty if the request is not in the audit log
	failed bool   // the server failed, whatever the status of the response is
	ip     string
	agent  string
	attrs  []slog.Attr

	poolWaits     int
	mailsDropped  int
	claimsLeftOut bool
	supabase      bool // the request has used, or tried to use, a session of Supabase
}

type recordKey struct{}

// codeAttrKey is the name of the log attribute with the code of a rejected request.
const codeAttrKey = "code"

// recordOf returns the record of the request with the context ctx. Outside of a request it returns a record that is
// never written.
func recordOf(ctx context.Context) *record {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		return rec
	}
	return &record{}
}

func addAttr(ctx context.Context, a slog.Attr) {
	rec := recordOf(ctx)
	rec.attrs = append(rec.attrs, a)
}

// NoteUser puts the id of the user into the log record of the request.
func NoteUser(ctx context.Context, userID string) { recordOf(ctx).userID = userID }

// NoteSubject puts the id of the user whom an administrator reads or changes into the log record of the request. The id
// can have any form of a UUID that Postgres accepts; the record has the form that Postgres returns, so that all records
// about a user have the same text.
func NoteSubject(ctx context.Context, userID string) {
	addAttr(ctx, slog.String("subject", canonicalUUID(userID)))
}

// canonicalUUID returns a UUID in lower case and with hyphens, and any other text unchanged.
func canonicalUUID(text string) string {
	digits := strings.ToLower(strings.NewReplacer("-", "", "{", "", "}", "").Replace(text))
	if raw, err := hex.DecodeString(digits); err != nil || len(raw) != 16 {
		return text
	}
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}

// NoteImpersonator puts the id of the administrator who impersonates the user into the log record of the request.
func NoteImpersonator(ctx context.Context, userID string) {
	addAttr(ctx, slog.String("impersonatedBy", userID))
}

// NoteCode puts the code of a rejection into the log record of a request that is answered with a redirect. A handler
// that returns an Error does not call it, because writeError does.
func NoteCode(ctx context.Context, code string) { addAttr(ctx, slog.String(codeAttrKey, code)) }

// Audit makes the log record of the request an audit record: the record also has the event, its result, the IP address
// and the user agent. The user agent is shortened, and characters that are not printable are replaced.
func Audit(ctx context.Context, event, ip, agent string) {
	rec := recordOf(ctx)
	rec.event, rec.ip, rec.agent = event, ip, shortPrintable(agent)
}

// maxLoggedAgentBytes is how many bytes of a user agent a log record contains.
const maxLoggedAgentBytes = 200

// shortPrintable returns the first maxLoggedAgentBytes bytes of text. It replaces characters that are not printable,
// such as control characters, which could change what a terminal shows.
func shortPrintable(text string) string {
	text = text[:min(len(text), maxLoggedAgentBytes)]
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
}

// NoteError puts an error that does not change the response into the log record of the request.
func NoteError(ctx context.Context, err error) { addAttr(ctx, slog.String("error", err.Error())) }

// NoteFailure puts an error of the server into the log record of a request that is answered with a redirect. The record
// has the level and the result of a request with a status of 500 or more.
func NoteFailure(ctx context.Context, err error) {
	recordOf(ctx).failed = true
	NoteError(ctx, err)
}

// NoteAccountsRemoved puts the number of provider accounts that the request has removed into its log record.
func NoteAccountsRemoved(ctx context.Context, n int) { addAttr(ctx, slog.Int("accountsRemoved", n)) }

// RequestIDHeader is the response header with the id of the request. A user can quote the id, and an operator can find
// the log record with it.
const RequestIDHeader = "X-Request-Id"

// hasLoggedARequest is true after the process has logged its first request.
var hasLoggedARequest atomic.Bool

// withLog gives a request its id and its log record, and writes the record at the end. It answers a panic with an empty
// 500, unless the response has begun.
func withLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now() //nolint:forbidigo // for durations and log times only
		rec := &record{id: requestIDOrRandom(r.Context())}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		sw := &statusWriter{ResponseWriter: w}
		sw.Header().Set(RequestIDHeader, rec.id)
		defer func() {
			if p := recover(); p != nil {
				rec.attrs = append(rec.attrs,
					slog.String("error", "panic: "+panicText(p)), slog.String("stack", string(debug.Stack())))
				if sw.status == 0 {
					sw.WriteHeader(http.StatusInternalServerError)
				}
			}
			rec.write(r.Context(), sw.status, start, time.Since(start))
		}()
		next.ServeHTTP(sw, r)
	})
}

// panicText returns the message of a panic of the Go runtime. For any other panic it returns only the type of the
// value, because its text may contain personal data.
func panicText(p any) string {
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
	if rec.failed || status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	h := slog.Default().Handler()
	if !h.Enabled(ctx, level) {
		return
	}
	cold := !hasLoggedARequest.Swap(true)
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
	rec.addMetrics(ctx, &line, cold, status)
	_ = h.Handle(ctx, line) // slog ignores this error too, because it could only log it
}

// result returns the result of an audit event: "failed" for an error of the server, "refused" for a rejected request,
// else "ok".
func (rec *record) result(status int) string {
	refused := slices.ContainsFunc(rec.attrs, func(a slog.Attr) bool { return a.Key == codeAttrKey })
	switch {
	case rec.failed, status >= http.StatusInternalServerError:
		return "failed"
	case status >= http.StatusBadRequest, refused:
		return "refused"
	}
	return "ok"
}

type requestIDKey struct{}

// WithRequestID sets the id that API Gateway gave the request. Without it the request gets a random id. A client cannot
// choose the id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// cameThroughGateway reports whether the request came through API Gateway, that is, whether WithRequestID was called.
func cameThroughGateway(ctx context.Context) bool { return ctx.Value(requestIDKey{}) != nil }

func requestIDOrRandom(ctx context.Context) string {
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

// Unwrap returns the writer of the server, as http.ResponseController needs it.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
