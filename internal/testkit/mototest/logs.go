//go:build moto

package mototest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Logs is moto's CloudWatch Logs behind a proxy. The proxy implements startFromHead of FilterLogEvents as AWS documents
// it, because moto ignores it. moto ignores filter patterns for JSON, too: it returns the lines that they exclude.
type Logs struct {
	URL         string
	Refuse      func(call int) string // returns the code of the error that answers a search, or "", if it is not nil
	RefuseWrite map[string]string     // by operation: the code of the error that answers each call
	PerCall     int                   // the maximum number of lines in an answer, if it is not 0
	Calls       []FilterLogEvents     // the searches up to now

	t     testing.TB
	moto  string // URL of moto
	proxy http.Handler
	mu    sync.Mutex
}

// FilterLogEvents has members of a search.
type FilterLogEvents struct {
	LogGroupName  string `json:"logGroupName"`
	FilterPattern string `json:"filterPattern"`
	StartTime     int64  `json:"startTime"`
	EndTime       int64  `json:"endTime"`
	Limit         int    `json:"limit,omitempty"`
	NextToken     string `json:"nextToken,omitempty"`
	StartFromHead *bool  `json:"startFromHead,omitempty"`
}

type logLine struct {
	EventID   string `json:"eventId"`
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

type logPage struct {
	Events    []logLine `json:"events"`
	NextToken string    `json:"nextToken,omitempty"`
}

// Logs creates a log group and starts the proxy, until the end of the test.
func (s *Server) Logs(t testing.TB, group string) *Logs {
	t.Helper()
	l := &Logs{t: t, moto: s.URL.String(), proxy: httputil.NewSingleHostReverseProxy(s.URL)}
	l.call("CreateLogGroup", map[string]any{"logGroupName": group})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch operation, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "Logs_20140328."); operation {
		case "FilterLogEvents":
			l.filterLogEvents(w, r)
		case "CreateLogStream", "PutLogEvents":
			if code := l.RefuseWrite[operation]; code != "" {
				refuse(w, code)
				return
			}
			l.proxy.ServeHTTP(w, r)
		default:
			t.Errorf("call of CloudWatch Logs: got %q, want a search or a write", operation)
		}
	}))
	t.Cleanup(front.Close)
	l.URL = front.URL
	return l
}

// Line is a line of a log.
type Line struct {
	At   time.Time
	Text string
}

// Put writes lines into a new stream of the log group, as one instance of a function does. The lines are in the order
// of their times.
func (l *Logs) Put(group, stream string, lines ...Line) {
	l.t.Helper()
	var events []map[string]any
	for _, line := range lines {
		events = append(events, map[string]any{"message": line.Text, "timestamp": line.At.UnixMilli()})
	}
	l.call("CreateLogStream", map[string]any{"logGroupName": group, "logStreamName": stream})
	l.call("PutLogEvents", map[string]any{"logGroupName": group, "logStreamName": stream, "logEvents": events})
}

// call calls moto without the proxy. moto finds the service in the header Authorization, and ignores its signature.
func (l *Logs) call(operation string, in map[string]any) {
	l.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		l.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.moto, bytes.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKeyID+"/20260101/"+region+
		"/logs/aws4_request, SignedHeaders=host, Signature=0")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		l.t.Fatalf("%s of CloudWatch Logs: got %s %s, want 200", operation, answer.Status, text)
	}
}

// filterLogEvents answers a search that starts at the newest line. Its tokens are the numbers of lines before the page.
func (l *Logs) filterLogEvents(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var in FilterLogEvents
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		l.t.Error(err)
	}
	l.Calls = append(l.Calls, in)
	if l.Refuse != nil {
		if code := l.Refuse(len(l.Calls)); code != "" {
			refuse(w, code)
			return
		}
	}
	status, lines := l.searchOldestFirst(r, in)
	if status != http.StatusOK {
		w.WriteHeader(status)
		_, _ = w.Write(lines)
		return
	}
	var page logPage
	if err := json.Unmarshal(lines, &page); err != nil {
		l.t.Error(err)
	}
	slices.SortStableFunc(page.Events, func(a, b logLine) int { return int(b.Timestamp - a.Timestamp) })
	first := 0
	if in.NextToken != "" {
		var err error
		if first, err = strconv.Atoi(in.NextToken); err != nil || first > len(page.Events) {
			refuse(w, "InvalidParameterException")
			return
		}
	}
	size := in.Limit
	if l.PerCall != 0 {
		size = min(size, l.PerCall)
	}
	end := min(first+size, len(page.Events))
	if end < len(page.Events) {
		page.NextToken = strconv.Itoa(end)
	}
	page.Events = page.Events[first:end]
	_ = json.NewEncoder(w).Encode(page)
}

// searchOldestFirst returns moto's answer to the search without its limit, token and order.
func (l *Logs) searchOldestFirst(r *http.Request, in FilterLogEvents) (status int, body []byte) {
	if in.StartFromHead == nil || *in.StartFromHead {
		l.t.Error("startFromHead of a search: got true, want false")
	}
	in.Limit, in.NextToken, in.StartFromHead = 0, "", nil
	text, err := json.Marshal(in)
	if err != nil {
		l.t.Error(err)
	}
	forwarded := r.Clone(r.Context())
	forwarded.Body, forwarded.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	answer := httptest.NewRecorder()
	l.proxy.ServeHTTP(answer, forwarded)
	return answer.Code, answer.Body.Bytes()
}

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "refused by the test"})
}
