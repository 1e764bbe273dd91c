package lambdahttp_test

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// testedFunction is the function under test. All functions use the same runtime code.
const testedFunction = "functions/health"

func startFunction(t *testing.T, env ...string) *Process {
	t.Helper()
	bootstrap, err := checkout.BuildFunction(testedFunction)
	if err != nil {
		t.Fatal(err)
	}
	return NewRuntimeAPI(t).Start(t, bootstrap, env...)
}

// askHealth repeats the request, at most nine times, while the answer is 503, because a busy machine may need more than
// the 900 ms that /health waits for the database.
func askHealth(t *testing.T, p *Process, e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	t.Helper()
	answer := p.Invoke(t, e, time.Minute).HTTP(t)
	for tries := 1; answer.StatusCode == http.StatusServiceUnavailable && tries < 10; tries++ {
		answer = p.Invoke(t, e, time.Minute).HTTP(t)
	}
	return answer
}

const authSecretEnv = "BETTER_AUTH_SECRET=only-for-tests-only-for-tests-only-for-tests"

// One process answers GET /health, sent as three kinds of event, two times each.
func TestFunctionAnswersEveryKindOfEvent(t *testing.T) {
	t.Parallel()
	p := startFunction(t, "DATABASE_URL="+dbtest.New(t), authSecretEnv)
	for range 2 {
		for _, form := range []string{"gateway_health", "sam_health", "function_url_health"} {
			e := readGoldenEvent(t, form)
			got := askHealth(t, p, e)
			if got.StatusCode != http.StatusOK || got.Headers["X-Request-Id"] != e.RequestContext.RequestID {
				t.Errorf("%s: got status %d, headers %v, want 200 and the request id %s",
					form, got.StatusCode, got.Headers, e.RequestContext.RequestID)
			}
			if diff := cmp.Diff(strings.TrimSpace(got.Body), `{"status":"ok","database":"connected"}`); diff != "" {
				t.Errorf("%s, body (-got +want):\n%s", form, diff)
			}
		}
	}
	e := readGoldenEvent(t, "gateway_health")
	e.RawPath = "/health/none"
	if got := p.Invoke(t, e, time.Minute).HTTP(t); got.StatusCode != http.StatusNotFound {
		t.Errorf("got status %d for an unknown path, want 404", got.StatusCode)
	}
}

// The first invocation has no time left for a query.
func TestR48_DeadlineOfTheInvocationStopsTheHandler(t *testing.T) {
	t.Parallel()
	p := startFunction(t, "DATABASE_URL="+dbtest.New(t), authSecretEnv)
	e := readGoldenEvent(t, "gateway_health")
	if got := p.Invoke(t, e, 0).HTTP(t); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got status %d for an invocation with no time left, want 503", got.StatusCode)
	}
	if got := askHealth(t, p, e); got.StatusCode != http.StatusOK {
		t.Errorf("got status %d for the next event, want 200", got.StatusCode)
	}
}

func TestFunctionRefusesEventThatIsNoRequest(t *testing.T) {
	t.Parallel()
	p := startFunction(t, "DATABASE_URL=postgres://nobody@localhost/none", authSecretEnv)
	got := p.Invoke(t, map[string]any{"source": "aws.events"}, time.Minute).HTTP(t)
	if got.StatusCode != http.StatusBadRequest {
		t.Errorf("got status %d for an event that is not an HTTP request, want 400", got.StatusCode)
	}
	if got := p.Invoke(t, []int{1}, time.Minute); !got.Failed {
		t.Errorf("got %s for an event that is not an object, want a failed invocation", got.Payload)
	}
}

func TestR50_BadSettingsStopTheStart(t *testing.T) {
	t.Parallel()
	p := startFunction(t,
		"DATABASE_URL=mysql://xenon:hunter2@localhost/xenon", "BETTER_AUTH_SECRET=too-short", "PASSWORD_HASH=md5")
	out, status := p.Wait(t)
	if status != 1 {
		t.Errorf("function with wrong settings: got exit status %d, want 1", status)
	}
	var record struct {
		Level    string
		Problems []string
	}
	if err := json.Unmarshal([]byte(out), &record); err != nil || record.Level != "ERROR" {
		t.Fatalf("the output is not one JSON record of an error: %v\n%s", err, out)
	}
	var got []string
	for _, problem := range record.Problems {
		name, _, _ := strings.Cut(problem, ":")
		got = append(got, name)
	}
	if diff := cmp.Diff(got, []string{"PASSWORD_HASH", "DATABASE_URL", "BETTER_AUTH_SECRET"}); diff != "" {
		t.Errorf("settings with a problem (-got +want):\n%s", diff)
	}
	for _, value := range []string{"hunter2", "too-short"} {
		if strings.Contains(out, value) {
			t.Errorf("the value %q is in the log", value)
		}
	}
}

// The module of the proxy adapter has adapters for many web frameworks; a function links the one for net/http only.
func TestFunctionLinksNoWebFramework(t *testing.T) {
	t.Parallel()
	const proxy = "github.com/awslabs/aws-lambda-go-api-proxy/"
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "./"+testedFunction)
	cmd.Dir = filepath.Join("..", "..")
	packages, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for p := range strings.FieldsSeq(string(packages)) {
		if name, ok := strings.CutPrefix(p, proxy); ok {
			got = append(got, name)
		}
	}
	if diff := cmp.Diff(got, []string{"core", "httpadapter"}); diff != "" {
		t.Errorf("packages of the adapter that %s links (-got +want):\n%s", testedFunction, diff)
	}
}
