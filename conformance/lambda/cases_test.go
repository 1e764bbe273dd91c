//go:build moto

package lambda

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/xenon-auth/xenon/conformance/lambda/sandbox"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

const signUpRoute = "POST /api/auth/sign-up/email"

// newSignUpEvent returns API Gateway's event for the sign-up of a new visitor. more has additional JSON members, with a
// comma before each.
func newSignUpEvent(more string) events.APIGatewayV2HTTPRequest {
	v := newVisitor()
	method, path, _ := strings.Cut(signUpRoute, " ")
	body := v.fillPlaceholders(`{"name":"Ada","email":"{email}","password":"{password}"` + more + `}`)
	return sandbox.NewEvent(method, path, "", v.ip, body)
}

// One process of functions/signup accepts events of API Gateway with a plain body, base64, a form or a stage. It
// rejects invalid base64, a path outside the stage and bodies that are too large, and accepts the next event.
func TestFunctionAcceptsEveryFormOfAGatewayEvent(t *testing.T) {
	d := sandbox.Deploy(t, dbtest.New(t))
	s := d.Start("signup", sandbox.Build(t, "functions/signup"), map[string]string{"COOKIE_CACHE": "compact"})
	encodeInBase64 := func(e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPRequest {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(e.Body)), true
		return e
	}
	withStage := func(e events.APIGatewayV2HTTPRequest, stage string) events.APIGatewayV2HTTPRequest {
		e.RequestContext.Stage, e.RawPath = stage, "/"+stage+e.RawPath
		e.RequestContext.HTTP.Path = e.RawPath
		return e
	}
	form := newSignUpEvent("")
	form.Headers["content-type"] = "application/x-www-form-urlencoded"
	form.Body = "name=Ada&email=form%40example.com&password=" + strings.ReplaceAll(password, " ", "+")
	broken := newSignUpEvent("")
	broken.Body, broken.IsBase64Encoded = "not base64!", true
	elsewhere := withStage(newSignUpEvent(""), "prod")
	elsewhere.RawPath = strings.Replace(elsewhere.RawPath, "/prod/", "/production/", 1)
	eventWithBodyOf := func(size int) events.APIGatewayV2HTTPRequest {
		e := newSignUpEvent("")
		e.Body = strings.Repeat("x", size)
		return e
	}
	const limit = 6 << 20 // bytes of a whole event, which has some hundred bytes in addition to the body
	for _, c := range []struct {
		name string
		sent events.APIGatewayV2HTTPRequest
		want int
	}{
		{"plain", newSignUpEvent(""), 200},
		{"base64", encodeInBase64(newSignUpEvent("")), 200},
		{"form", form, 200},
		{"form in base64", encodeInBase64(form), 422}, // the email is already taken
		{"invalid base64", broken, 400},
		{"stage", withStage(newSignUpEvent(""), "prod"), 200},
		{"a path that begins like the stage", elsewhere, 404},
		{"5 MiB", eventWithBodyOf(5 << 20), 413},
		{"6 MiB as a whole event", eventWithBodyOf(limit - 2000), 413},
		{"4.5 MiB in base64, which is 6 MiB", encodeInBase64(eventWithBodyOf(limit/4*3 - 3000)), 413},
		{"unencoded body again", newSignUpEvent(""), 200},
	} {
		got := s.InvokeHTTP(c.sent)
		if got.StatusCode != c.want {
			t.Errorf("a sign-up event (%s): got %d %.200s, want %d", c.name, got.StatusCode, got.Body, c.want)
		}
		if got.StatusCode == 200 {
			checkCookiesOutsideHeaders(t, c.name, got)
		}
	}
	if n := len(s.StartTimes()); n != 1 {
		t.Errorf("starts of the function's process: got %d, want 1", n)
	}
}

// checkCookiesOutsideHeaders checks that the response to a sign-up sets each cookie once, in the list cookies, from
// which API Gateway takes them.
func checkCookiesOutsideHeaders(t *testing.T, name string, got events.APIGatewayV2HTTPResponse) {
	t.Helper()
	var names []string
	for _, c := range got.Cookies {
		n, _, _ := strings.Cut(c, "=")
		names = append(names, n)
	}
	want := []string{
		"__Secure-better-auth.session_token", "__Secure-better-auth.session_data", "__Secure-better-auth.device",
	}
	if !slices.Equal(names, want) {
		t.Errorf("the response to a sign-up event (%s): got the cookies %v, want %v", name, names, want)
	}
	for header := range got.Headers {
		if strings.EqualFold(header, "Set-Cookie") {
			t.Errorf("%s: the response has the header Set-Cookie, want the cookies in the list cookies only", name)
		}
	}
	if len(got.MultiValueHeaders) > 0 {
		t.Errorf("%s: the response has multiValueHeaders of payload format 1.0, want none", name)
	}
}

// API Gateway sends several cookies as a list in the event. SAM local additionally sends them as a header.
func TestFunctionReadsSeveralCookiesOfARequest(t *testing.T) {
	d := sandbox.Deploy(t, dbtest.New(t))
	d.RotateKeys(d.Start("rotate", sandbox.Build(t, "functions/rotate")))
	v := newVisitor()
	v.signUp(t, d.Start("signup", sandbox.Build(t, "functions/signup")))
	session := d.Start("session", sandbox.Build(t, "functions/session"))
	around := []string{"theme=a,b", v.cookies[0], "__Secure-better-auth.session_data=not%20ours", "last="}
	once := sandbox.NewEvent("GET", "/api/auth/get-session", "disableCookieCache=true", v.ip, "", around...)
	twice := sandbox.NewEvent("GET", "/api/auth/get-session", "disableCookieCache=true", v.ip, "", around...)
	twice.Headers["cookie"] = "__Secure-better-auth.session_token=other.token"
	for name, e := range map[string]events.APIGatewayV2HTTPRequest{"list": once, "list and header": twice} {
		if got := session.InvokeHTTP(e); !strings.Contains(got.Body, v.email) || got.Headers["Set-Auth-Jwt"] == "" {
			t.Errorf("get-session with the cookies as %s: got %d %s, want the user's email and Set-Auth-Jwt",
				name, got.StatusCode, got.Body)
		}
	}
	signout := d.Start("signout", sandbox.Build(t, "functions/signout"))
	out := signout.InvokeHTTP(sandbox.NewEvent("POST", "/api/auth/sign-out", "", v.ip, `{}`, around...))
	if out.StatusCode != http.StatusOK || len(out.Cookies) < 3 {
		t.Errorf("sign-out: got %d and %d cookies, want 200 and at least 3 that delete Better Auth's cookies",
			out.StatusCode, len(out.Cookies))
	}
	if got := session.InvokeHTTP(once); got.Body != "null" {
		t.Errorf("get-session after the sign-out: got %s, want null", got.Body)
	}
}

// A function that panics answers 500 and handles the next event. The function is in testdata.
func TestR49_PanicsAreAnsweredAndTheNextEventWorks(t *testing.T) {
	d := sandbox.Deploy(t, dbtest.New(t))
	s := sandbox.Start(t, d.Functions["health"].Options(sandbox.Build(t, "conformance/lambda/testdata/panics"), d.Cloud))
	s.AddSecrets("hunter2")
	invoke := func(path string) string {
		var answer struct {
			StatusCode int
			ErrorType  string
		}
		raw := s.Invoke(sandbox.NewEvent("GET", path, "", "198.51.100.1", ""))
		if err := json.Unmarshal(raw, &answer); err != nil {
			t.Fatalf("GET %s: got %s, want JSON", path, raw)
		}
		if answer.StatusCode != 0 {
			return http.StatusText(answer.StatusCode)
		}
		return answer.ErrorType
	}
	for _, c := range []struct {
		path, want string
		starts     int
	}{
		{"/works", "No Content", 1},
		{"/own", "Internal Server Error", 1},
		{"/works", "No Content", 1},
		{"/runtime", "Internal Server Error", 1},
		{"/late", "Internal Server Error", 1},
		{"/works", "No Content", 1},
		{"/exit", "Runtime.ExitError", 1}, // Lambda itself answers, and starts the process again for the next event
		{"/works", "No Content", 2},
	} {
		if got := invoke(c.path); got != c.want || len(s.StartTimes()) != c.starts {
			t.Errorf("GET %s: got %q after %d starts of the process, want %q after %d",
				c.path, got, len(s.StartTimes()), c.want, c.starts)
		}
	}
	if got := strings.Count(s.Output(), `"msg":"panic"`); got != 3 {
		t.Errorf("log records of a panic: got %d, want 3:\n%s", got, s.Output())
	}
	if !s.HasPrinted("assignment to entry in nil map") || !s.HasPrinted("panics/main.go") {
		t.Errorf("the log has not both the message and the source file of the panic at /runtime, want both:\n%s", s.Output())
	}
}

// An invalid event gets a 400 or fails its invocation, but does not end the function's process.
func TestInvalidEventDoesNotEndTheFunction(t *testing.T) {
	d := sandbox.Deploy(t, dbtest.New(t))
	s := d.Start("health", sandbox.Build(t, "functions/health"))
	if got := s.InvokeHTTP(events.APIGatewayV2HTTPRequest{}); got.StatusCode != http.StatusBadRequest {
		t.Errorf("an event without an HTTP request: got %d, want 400", got.StatusCode)
	}
	if got := string(s.Invoke([]int{1})); !strings.Contains(got, `"errorType":"UnmarshalTypeError"`) {
		t.Errorf("an event that is a list: got %s, want an UnmarshalTypeError", got)
	}
	next := s.InvokeHTTP(sandbox.NewEvent("GET", "/api/auth/ok", "", "198.51.100.1", ""))
	if next.StatusCode != 200 || len(s.StartTimes()) != 1 {
		t.Errorf("the next event: got %d after %d starts of the process, want 200 after 1",
			next.StatusCode, len(s.StartTimes()))
	}
}
