package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
)

const (
	originSecret = "an origin secret of the tests, long enough"
	cloudFront   = "130.176.0.7" // the IP address of a CloudFront edge location
)

// startAsFunction starts all endpoints as one Lambda function, which reads the app secret from an emulated Secrets
// Manager.
func (s *testServer) startAsFunction(t *testing.T) lambdahttp.Func {
	t.Helper()
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:xenon/app-AbCdEf"
	app, err := json.Marshal(map[string]any{
		"DATABASE_URL": s.db, "BETTER_AUTH_SECRET": cookieSecret, "originSecrets": []string{originSecret},
	})
	if err != nil {
		t.Fatal(err)
	}
	manager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]string{"ARN": arn, "SecretString": string(app)})
	}))
	t.Cleanup(manager.Close)
	e := s.newEnvironment(t, 4, time.Now, "RATE_LIMIT=on", "CLIENT_IP=xff:2", "MAIL=none", "APP_SECRET_ARN="+arn,
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER="+manager.URL)
	return lambdahttp.Handler(e.mux)
}

// invokeForStatus calls a Lambda function with an event, which it converts through JSON as Lambda does, and returns the
// status of the HTTP response.
func invokeForStatus[E, A any](t *testing.T, function func(context.Context, E) (A, error), event any) int {
	t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	var e E
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	answer, err := function(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ StatusCode int }
	if text, err = json.Marshal(answer); err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode
}

// newSignInEvent returns API Gateway's event for a sign-in. caller is the IP address of the client of the gateway, and
// header has the headers that this client sent. The gateway appends caller to X-Forwarded-For.
func newSignInEvent(caller, email, password string, header map[string]string) map[string]any {
	headers := map[string]string{"content-type": "application/json", "origin": publicOrigin}
	for name, value := range header {
		headers[name] = value
	}
	headers["x-forwarded-for"] = strings.TrimPrefix(headers["x-forwarded-for"]+", "+caller, ", ")
	return map[string]any{
		"version": "2.0", "rawPath": signInPath, "headers": headers,
		"body": fmt.Sprintf(`{"email":%q,"password":%q}`, email, password),
		"requestContext": map[string]any{
			"http": map[string]string{"method": "POST", "path": signInPath, "sourceIp": caller},
		},
	}
}

// The attacker calls the API directly, not through CloudFront, and forges CloudFront's entry of X-Forwarded-For. The
// attacker tries three things: to avoid the limit by IP address, to use up another user's limit, and to store a wrong
// IP address in a session.
func TestForgedXForwardedForIsIgnoredWithoutTheOriginSecret(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	s.newUser(t)
	function := s.startAsFunction(t)
	forged := []map[string]string{
		{},
		{"x-origin-secret": ""},
		{"x-origin-secret": "a guess of the tests, which is long enough"},
		{"x-origin-secret": originSecret[:20]},
		{"x-origin-secret": originSecret + "," + originSecret},
	}
	refused := 0
	for i := range 20 {
		header := map[string]string{"x-forwarded-for": ownerIP, "cloudfront-viewer-address": ownerIP + ":443"}
		if i%2 == 1 { // every second request forges a different IP address
			header["x-forwarded-for"] = fmt.Sprintf("198.51.100.%d", i)
		}
		for name, value := range forged[i%len(forged)] {
			header[name] = value
		}
		event := newSignInEvent(attackerIP, fmt.Sprintf("user%d@example.com", i), "password1", header)
		if invokeForStatus(t, function, event) == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 17 {
		t.Errorf("20 guesses without CloudFront: got 429 %d times, want 17 times", refused)
	}

	through := map[string]string{"x-forwarded-for": ownerIP, "x-origin-secret": originSecret}
	if code := invokeForStatus(
		t,
		function,
		newSignInEvent(cloudFront, userEmail, userPassword, through),
	); code != http.StatusOK {
		t.Errorf("sign-in of the victim through CloudFront: got %d, want 200", code)
	}
	const another = "203.0.113.10"
	past := map[string]string{"x-forwarded-for": "198.51.100.1"}
	code := invokeForStatus(t, function, newSignInEvent(another, userEmail, userPassword, past))
	if code != http.StatusOK {
		t.Errorf("sign-in without CloudFront: got %d, want 200", code)
	}
	if got, want := s.newestSessionIPs(t), ownerIP+" "+another; got != want {
		t.Errorf("IP addresses of the sessions: got %q, want %q", got, want)
	}
}

// newestSessionIPs returns the IP addresses of the two newest sessions, the older one first.
func (s *testServer) newestSessionIPs(t *testing.T) string {
	t.Helper()
	return dbtest.Value[string](t, s.db, `SELECT string_agg("ipAddress", ' ' ORDER BY "createdAt")
		FROM (SELECT * FROM session ORDER BY "createdAt" DESC LIMIT 2) s`)
}
