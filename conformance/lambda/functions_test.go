//go:build moto

package lambda

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"go.yaml.in/yaml/v3"

	"github.com/xenon-auth/xenon/shared/dbtest"
	"github.com/xenon-auth/xenon/shared/mototest"
)

// routes are those of template.yaml by function folder.
func routes(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(root + "/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				Folder string `yaml:"CodeUri"`
				Events map[string]struct {
					Properties struct {
						Method string `yaml:"Method"`
						Path   string `yaml:"Path"`
					} `yaml:"Properties"`
				} `yaml:"Events"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	folders := map[string][]string{}
	for _, r := range document.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		for _, e := range r.Properties.Events {
			if p := e.Properties; p.Method != "" {
				folder := path.Base(r.Properties.Folder)
				folders[folder] = append(folders[folder], p.Method+" "+p.Path)
			}
		}
	}
	return folders
}

// event is what the HTTP API sends for a route, with a body if there is one.
func event(route, body string) events.APIGatewayV2HTTPRequest {
	method, where, _ := strings.Cut(route, " ")
	where = strings.NewReplacer("{token}", "no-such", "{provider}", "github").Replace(where)
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: route, RawPath: where, Body: body,
		Headers: map[string]string{"content-type": "application/json", "origin": "https://learn.example.com", "x-forwarded-for": "203.0.113.9"},
	}
	e.RequestContext.Stage, e.RequestContext.DomainName = "$default", "a1.execute-api.eu-central-1.amazonaws.com"
	e.RequestContext.RequestID = "JKJaXmPLvHcESHA="
	e.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: where, Protocol: "HTTP/1.1", SourceIP: "203.0.113.9"}
	return e
}

// TestP08P10P15_EveryFunctionUnderTheEmulator is one deployment: its secrets are moto's, its keys the rotation's.
func TestP08P10P15_EveryFunctionUnderTheEmulator(t *testing.T) {
	moto := mototest.Start(t)
	vault := moto.SecretsManager(t)
	keysARN := vault.Create("keys", "{}")
	env := moto.Environment()
	maps.Copy(env, map[string]string{
		"BETTER_AUTH_URL": "https://learn.example.com", "MAIL": "none", "MAIL_FROM": "no-reply@learn.example.com", "RATE_LIMIT": "off",
		"SIGNING_KEYS_ARN": keysARN,
		"APP_SECRET_ARN": vault.Create("app", fmt.Sprintf(`{"DATABASE_URL": %q, "BETTER_AUTH_SECRET": %q}`,
			dbtest.New(t), strings.Repeat("only for tests ", 3))),
	})
	// first is from the first event, which starts the process, to its answer: the "Init Duration" that the emulator prints is not one.
	report := []string{fmt.Sprintf("%-9s %-10s %-10s %s", "function", "first", "memory", "answers")}
	row := func(function string, e *emulator, answers ...string) {
		report = append(report, fmt.Sprintf("%-9s %-10s %-10s %s", function, e.first, e.memory(t), strings.Join(answers, " ")))
	}

	rotate := emulate(t, build(t, "rotate"), env)
	version := vault.Begin(keysARN)
	for _, step := range mototest.Steps {
		if got := string(rotate.invoke(t, map[string]string{"Step": step, "SecretId": keysARN, "ClientRequestToken": version})); got != "null" {
			t.Fatalf("rotate, %s: got %s", step, got)
		}
	}
	row("rotate", rotate, "null")
	inUse := vault.Value(keysARN, "AWSCURRENT")
	if !strings.Contains(inUse, "current") {
		t.Fatalf("after the rotation there are no keys:\n%s", rotate.printed())
	}
	// The others get what was made in a secret of its own: read together with the app's from moto after the rotation, the first one was found empty.
	env["SIGNING_KEYS_ARN"] = vault.Create("keys-in-use", inUse)

	mailer := emulate(t, build(t, "mailer"), env)
	if got, want := string(mailer.invoke(t, events.SQSEvent{Records: []events.SQSMessage{}})), `{"batchItemFailures":[]}`; got != want {
		t.Errorf("mailer: got %s, want %s", got, want)
	}
	row("mailer", mailer, "no failures")

	all := routes(t)
	for _, function := range slices.Sorted(maps.Keys(all)) {
		e := emulate(t, build(t, function), env)
		var answers []string
		slices.Sort(all[function])
		for _, route := range all[function] {
			answer := e.gateway(t, event(route, cmp.Or(bodies[route], "{}")))
			answers = append(answers, fmt.Sprint(answer.StatusCode))
			if want, ok := statuses[route]; ok && answer.StatusCode != want || answer.StatusCode >= 500 {
				t.Errorf("%s: got %d %s\n%s", route, answer.StatusCode, answer.Body, e.printed())
			}
		}
		if function == "signup" {
			edges(t, e)
		}
		row(function, e, answers...)
	}
	t.Log("\n" + strings.Join(report, "\n"))
}

const person = `{"name":"Ada","email":%q,"password":"correct horse"}`

var (
	bodies = map[string]string{
		"POST /api/auth/sign-up/email": fmt.Sprintf(person, "ada@example.com"),
		"POST /api/auth/sign-in/email": fmt.Sprintf(person, "nobody@example.com"),
	}
	statuses = map[string]int{
		"POST /api/auth/sign-up/email": 200, "POST /api/auth/sign-in/email": 401, "GET /api/auth/get-session": 200,
		"GET /api/auth/token": 401, "GET /api/auth/jwks": 200, "GET /api/profile": 401, "GET /health": 200, "GET /api/auth/ok": 200,
	}
)

// edges are what a gateway can do to a body and a path.
func edges(t *testing.T, e *emulator) {
	t.Helper()
	const route = "POST /api/auth/sign-up/email"
	packed := event(route, base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf(person, "base64@example.com"))))
	packed.IsBase64Encoded = true
	staged := event(route, fmt.Sprintf(person, "stage@example.com"))
	staged.RawPath, staged.RequestContext.Stage = "/prod"+staged.RawPath, "prod"
	staged.RequestContext.HTTP.Path = staged.RawPath
	for name, sent := range map[string]events.APIGatewayV2HTTPRequest{"base64": packed, "stage": staged} {
		if got := e.gateway(t, sent); got.StatusCode != 200 || len(got.Cookies) == 0 {
			t.Errorf("%s: got %d %s and %d cookies", name, got.StatusCode, got.Body, len(got.Cookies))
		}
	}
	if got := e.gateway(t, event(route, strings.Repeat("x", 5<<20))); got.StatusCode != 413 {
		t.Errorf("5 MiB: got %d, want 413", got.StatusCode)
	}
}

// TestWrongSecretARN names the setting and does not start.
func TestWrongSecretARN(t *testing.T) {
	e := emulate(t, build(t, "health"), map[string]string{
		"BETTER_AUTH_URL": "https://learn.example.com", "MAIL": "none", "APP_SECRET_ARN": "not-an-arn",
	})
	answer := string(e.invoke(t, event("GET /health", "")))
	if printed := e.printed(); strings.Contains(answer, `"statusCode":200`) || !strings.Contains(printed, "APP_SECRET_ARN") {
		t.Errorf("got %s\n%s", answer, printed)
	}
}
