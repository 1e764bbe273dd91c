package versus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// goldenEvent is an event of API Gateway's HTTP API, from the tests of shared/lambdahttp.
const goldenEvent = root + "/shared/lambdahttp/testdata/gateway_post_json.json"

// apiEvents creates events of API Gateway from calls.
type apiEvents struct {
	golden map[string]any // the golden event, decoded
	count  atomic.Int64   // the number of created events
}

func newAPIEvents(tb testing.TB) *apiEvents {
	tb.Helper()
	text, err := os.ReadFile(goldenEvent)
	if err != nil {
		tb.Fatal(err)
	}
	e := &apiEvents{}
	if err := json.Unmarshal(text, &e.golden); err != nil {
		tb.Fatal(err)
	}
	return e
}

// eventFor returns the golden event with the request of a call in place of its own. Each event has a different IP
// address, because the rate limits count by IP address.
func (e *apiEvents) eventFor(c httpCall) ([]byte, error) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.send)))
	if err != nil {
		return nil, fmt.Errorf("parse the call as an HTTP request: %w", err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	n := e.count.Add(1)
	address := fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
	event := maps.Clone(e.golden)
	event["routeKey"], event["rawPath"] = r.Method+" "+r.URL.Path, r.URL.Path
	headers := maps.Clone(e.golden["headers"].(map[string]any))
	headers["content-length"], headers["x-forwarded-for"] = fmt.Sprint(len(body)), address+", 130.176.0.7"
	for _, name := range []string{"Content-Type", "Origin", "Authorization"} {
		delete(headers, strings.ToLower(name))
		if value := r.Header.Get(name); value != "" {
			headers[strings.ToLower(name)] = value
		}
	}
	event["headers"] = headers
	about := maps.Clone(e.golden["requestContext"].(map[string]any))
	about["routeKey"] = event["routeKey"]
	line := maps.Clone(about["http"].(map[string]any))
	line["method"], line["path"], line["sourceIp"] = r.Method, r.URL.Path, "130.176.0.7"
	about["http"] = line
	event["requestContext"] = about
	delete(event, "body")
	if len(body) > 0 {
		event["body"] = string(body)
	}
	if cookie := r.Header.Get("Cookie"); cookie != "" {
		event["cookies"] = strings.Split(cookie, "; ")
	}
	return json.Marshal(event)
}

// expectedEventResponse returns the start of the response to an event, and a text that the response must contain.
func (c httpCall) expectedEventResponse() (start, contained []byte) {
	text, _ := json.Marshal(string(c.want)) // cannot fail for a string
	return []byte(`{"statusCode":200,`), []byte(`"body":` + strings.TrimSuffix(string(text), `"`))
}

// invocationsPath is the path at which the emulator accepts events.
const invocationsPath = "/2015-03-31/functions/function/invocations"

// callsWithEvents returns calls to the emulator. Call i sends the event whose request is next(i).
func (e *apiEvents) callsWithEvents(next func(i int) httpCall) func(i int) httpCall {
	return func(i int) httpCall {
		c := next(i)
		event, err := e.eventFor(c)
		if err != nil {
			panic(err) // cannot happen: newCall writes valid requests
		}
		start, contained := c.expectedEventResponse()
		out := newCall("POST", invocationsPath, "localhost", string(start), string(event))
		out.contains = contained
		return out
	}
}

func TestEventContainsTheRequestOfItsCall(t *testing.T) {
	t.Parallel()
	s := server{address: "127.0.0.1:4000"}
	var got struct {
		Version, RouteKey, RawPath, Body string
		Cookies                          []string
		Headers                          map[string]string
		RequestContext                   struct {
			RouteKey string
			HTTP     struct{ Method, Path string }
		}
	}
	e := newAPIEvents(t)
	for _, want := range []struct {
		call                           httpCall
		route, body, origin, contained string
		cookies                        int
	}{
		{getSessionCalls(s)(1), "GET /api/auth/get-session", "", "", `"body":"{\"session\":{`, 1},
		{
			signInCalls(s)(7), "POST /api/auth/sign-in/email",
			`{"email":"person7@example.com","password":"` + userPassword + `"}`,
			"http://localhost:4000", `"body":"{\"redirect\":false,\"token\":\"`, 0,
		},
	} {
		text, err := e.eventFor(want.call)
		if err != nil {
			t.Fatal(err)
		}
		got.Body, got.Cookies, got.Headers = "", nil, nil
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.Version != "2.0" || got.RouteKey != want.route || got.RequestContext.RouteKey != want.route ||
			got.RequestContext.HTTP.Method+" "+got.RawPath != want.route || got.RequestContext.HTTP.Path != got.RawPath {
			t.Errorf("the event of a call: got %+v, want version 2.0 and the route %s", got, want.route)
		}
		if got.Body != want.body || got.Headers["origin"] != want.origin || len(got.Cookies) != want.cookies {
			t.Errorf("%s: the event: got %+v, want the body, origin and number of cookies of %+v", want.route, got, want)
		}
		if start, contained := want.call.expectedEventResponse(); string(start) != `{"statusCode":200,` ||
			string(contained) != want.contained {
			t.Errorf("%s: the expected response: got one that begins with %s and contains %s, want {\"statusCode\":200, and %s",
				want.route, start, contained, want.contained)
		}
	}
}
