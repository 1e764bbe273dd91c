package web

import (
	"log/slog"
	"net/http"
)

// The largest headers that API Gateway's HTTP APIs and CloudFront accept, in bytes. Sources:
//   - "Quotas for configuring and running an HTTP API" in the API Gateway manual: total combined size of request line
//     and header values
//   - "Quotas" in the CloudFront manual: maximum length of the headers of an origin's response
const (
	MaxRequestHeaderBytes  = 10_240
	MaxResponseHeaderBytes = 20_480
)

// RequestHeaderBytes returns the size in bytes of the request line and the headers of r, as HTTP/1.1 sends them.
func RequestHeaderBytes(r *http.Request) int {
	line := len(r.Method) + len(" ") + len(r.URL.RequestURI()) + len(" HTTP/1.1\r\n")
	return line + len("Host: \r\n") + len(r.Host) + HeaderBytes(r.Header)
}

// HeaderBytes returns the size of headers in bytes, as HTTP/1.1 sends them.
func HeaderBytes(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, value := range values {
			n += len(name) + len(": \r\n") + len(value)
		}
	}
	return n
}

// WithGatewayLimits applies the header limits of API Gateway and CloudFront to a handler that runs without these
// gateways. It answers 431 to a request with larger headers and does not call next. It replaces a response with larger
// headers by a 502.
func WithGatewayLimits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := RequestHeaderBytes(r); n > MaxRequestHeaderBytes {
			slog.Warn("the request line and headers are larger than API Gateway accepts",
				"bytes", n, "limit", MaxRequestHeaderBytes)
			answerWithMessage(w, http.StatusRequestHeaderFieldsTooLarge)
			return
		}
		next.ServeHTTP(&headerLimitWriter{ResponseWriter: w}, r)
	})
}

// headerLimitWriter replaces a response by a 502 if its headers are too large.
type headerLimitWriter struct {
	http.ResponseWriter

	started, rejected bool
}

// WriteHeader sends the status, or 502 if the headers are too large. It sends informational statuses (1xx) unchanged.
func (w *headerLimitWriter) WriteHeader(status int) {
	if w.started || status < http.StatusOK {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.started = true
	n := HeaderBytes(w.Header())
	if n <= MaxResponseHeaderBytes {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	slog.Error("the response headers are larger than CloudFront accepts", "bytes", n, "limit", MaxResponseHeaderBytes)
	w.rejected = true
	clear(w.Header())
	answerWithMessage(w.ResponseWriter, http.StatusBadGateway)
}

// Write sends a part of the body, or nothing if the response was replaced.
func (w *headerLimitWriter) Write(p []byte) (int, error) {
	if !w.started {
		w.WriteHeader(http.StatusOK)
	}
	if w.rejected {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap returns the writer of the server, as http.ResponseController needs it.
func (w *headerLimitWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// answerWithMessage answers with a status and the JSON that API Gateway sends: {"message": …}.
func answerWithMessage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"message":"` + http.StatusText(status) + `"}`)) // fails if the client has disconnected
}
