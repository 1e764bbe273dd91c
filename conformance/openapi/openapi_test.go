// Package openapi checks docs/openapi.yaml. It is a module of its own, because only these tests need a validator of
// OpenAPI documents.
package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

// readDocument reads docs/openapi.yaml and validates it as an OpenAPI document, including its examples.
func readDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableSchemaFormatValidation()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPI_VersionIs31(t *testing.T) {
	t.Parallel()
	if doc := readDocument(t); !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("the version in docs/openapi.yaml: got OpenAPI %s, want 3.1", doc.OpenAPI)
	}
}

var apiEventPattern = regexp.MustCompile(`Method: (\w+), Path: "([^"]+)"`)

// docs/openapi.yaml describes exactly the routes of template.yaml, except OPTIONS.
func TestOpenAPI_DescribesTheRoutesOfTheTemplate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var served, described []string
	preflights := 0
	for _, m := range apiEventPattern.FindAllStringSubmatch(string(text), -1) {
		if m[1] == "OPTIONS" {
			preflights++
			continue // the document describes preflights for all routes together
		}
		served = append(served, m[1]+" "+m[2])
	}
	if events := bytes.Count(text, []byte("Type: HttpApi\n")) - preflights; events != len(served) {
		t.Errorf("HttpApi events that this test read from template.yaml: got %d, want all %d", len(served), events)
	}
	for path, item := range readDocument(t).Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	if diff := cmp.Diff(described, served); diff != "" {
		t.Errorf("routes in both documents, want the same (-openapi.yaml +template.yaml):\n%s", diff)
	}
}

// Every error code of openapi.yaml is explained there, and every explained code occurs at another place there.
func TestOpenAPI_ExplainsEveryCode(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	matchesOf := func(pattern string) (all []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	explained := matchesOf("- `([A-Z_]+)`: ")
	used := matchesOf(`\b([A-Z]{2,}(?:_[A-Z]+)+)\b`)
	settings := readSettingNames()
	used = slices.DeleteFunc(used, func(name string) bool { return settings[name] })
	missing := slices.DeleteFunc(slices.Clone(used), func(c string) bool { return slices.Contains(explained, c) })
	if len(missing) > 0 {
		t.Errorf("codes that docs/openapi.yaml uses without an explanation: got %v, want none", missing)
	}
	for _, code := range explained {
		if strings.Count(string(text), code) < 2 {
			t.Errorf("docs/openapi.yaml explains the code %s, but uses it nowhere else", code)
		}
	}
}

// readSettingNames returns the names of the environment variables that package config reads.
func readSettingNames() map[string]bool {
	names := map[string]bool{}
	recordName := func(name string) string { names[name] = true; return "" }
	_, _ = config.LoadAPI(recordName) // only the names of the variables matter, not the error
	_, _ = config.LoadImport(recordName)
	_, _ = config.LoadMailer(recordName)
	_, _ = config.LoadRelay(recordName)
	_, _ = config.LoadDelivery(recordName)
	return names
}

// exchange is a request with its responses, as in conformance/recorded.
type exchange struct {
	Do     string          `json:"do"` // method and path with query
	Note   string          `json:"note"`
	Sent   json.RawMessage `json:"sent"`    // the body of the request
	Answer *answer         `json:"library"` // the response of Better Auth
	Xenon  *answer         `json:"xenon"`   // Xenon's response, if it is a listed divergence
}

// answer is the part of a response that the document describes.
type answer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	Text    string            `json:"text"` // a body that is not JSON
}

// TestR05_RecordedExchangesMatchTheDocument checks every recorded response, and every request that succeeded, against
// the document. For a listed divergence it checks Xenon's response.
func TestR05_RecordedExchangesMatchTheDocument(t *testing.T) {
	t.Parallel()
	doc := readDocument(t)
	files, err := filepath.Glob("../recorded/*.json")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		if filepath.Base(file) == "schema.json" { // it has the tables of Better Auth, not exchanges
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r struct{ Exchanges []exchange }
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatalf("decode %s: %v", file, err)
		}
		for i, e := range r.Exchanges {
			if !exchangePattern.MatchString(e.Do) {
				continue
			}
			checked++
			if err := checkExchange(doc, e); err != nil {
				t.Errorf("%s, exchange %d, %s (%s): %v", filepath.Base(file), i+1, e.Do, e.Note, err)
			}
		}
	}
	if checked < 250 {
		t.Errorf("checked %d exchanges against the document, want at least 250", checked)
	}
	t.Logf("%d exchanges", checked)
}

// exchangePattern matches the exchanges that are HTTP requests. The others are queries of the database.
var exchangePattern = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /`)

// checkExchange reports an exchange that the document does not describe.
func TestR05_MismatchesWithTheDocumentAreReported(t *testing.T) {
	t.Parallel()
	doc := readDocument(t)
	const jsonType = `"headers":{"Content-Type":"application/json"}`
	for _, test := range []struct{ exchange, want string }{
		{`{"do":"GET /api/auth/ok","library":{"status":200,` + jsonType + `,"body":{"ok":true}}}`, ""},
		{`{"do":"GET /api/auth/ok","library":{"status":200,` + jsonType + `,"body":{"ok":false}}}`, "body"},
		{`{"do":"GET /api/auth/ok","library":{"status":200,` + jsonType + `}}`, "no body"},
		{`{"do":"GET /api/auth/ok","library":{"status":200,"body":{"ok":true}}}`, "Content-Type"},
		{`{"do":"GET /api/auth/ok","library":{"status":204}}`, "204"},
		{`{"do":"GET /api/auth/nothing","library":{"status":404}}`, ""},
		{`{"do":"GET /api/auth/nothing","library":{"status":200}}`, "not described"},
		{`{"do":"OPTIONS /api/auth/ok","library":{"status":204}}`, ""},
		{`{"do":"OPTIONS /api/auth/nothing","library":{"status":200}}`, "not described"},
		{`{"do":"GET /api/auth/reset-password/abc?callbackURL=/",` +
			`"library":{"status":302,"headers":{"Location":"/"}}}`, ""},
		{`{"do":"GET /api/auth/reset-password/abc?callbackURL=/","library":{"status":302}}`, "Location"},
		{`{"do":"GET /api/auth/reset-password/abc",` +
			`"library":{"status":302,"headers":{"Location":"/"}}}`, "callbackURL"},
		{`{"do":"POST /api/auth/verify-password","sent":{"password":"x"},` +
			`"library":{"status":200,` + jsonType + `,"body":{"status":true}}}`, ""},
		{`{"do":"POST /api/auth/verify-password","sent":{"password":1},` +
			`"library":{"status":200,` + jsonType + `,"body":{"status":true}}}`, "request"},
		{`{"do":"POST /api/auth/verify-password",` +
			`"library":{"status":400,` + jsonType + `,"body":{"message":"m","code":"INVALID_PASSWORD"}}}`, ""},
		{`{"do":"POST /api/auth/verify-password",` +
			`"library":{"status":400,` + jsonType + `,"body":{"message":"m","code":"INVALID_EMAIL"}}}`, "body"},
		{`{"do":"GET /api/auth/get-session","library":{"status":200,` + jsonType + `,"body":null}}`, ""},
		{`{"do":"GET /api/auth/get-session",` +
			`"library":{"status":200,` + jsonType + `,"body":{"session":null,"user":null}}}`, "body"},
		{`{"do":"GET /api/auth/list-accounts",` +
			`"library":{"status":200,` + jsonType + `,"body":[{"id":"x","password":"y"}]}}`, "body"},
		{`{"do":"POST /api/auth/sign-out","library":{"status":429,` + jsonType +
			`,"body":{"message":"Too many requests. Please try again later."}}}`, "X-Retry-After"},
	} {
		var e exchange
		if err := json.Unmarshal([]byte(test.exchange), &e); err != nil {
			t.Fatal(err)
		}
		err := checkExchange(doc, e)
		isAsWanted := err == nil
		if test.want != "" {
			isAsWanted = err != nil && strings.Contains(err.Error(), test.want)
		}
		if !isAsWanted {
			t.Errorf("the exchange %s\ngot the error %v, want %q in it (\"\": no error)", test.exchange, err, test.want)
		}
	}
}

// checkExchange returns an error if the document does not describe the exchange.
func checkExchange(doc *openapi3.T, e exchange) error {
	got := e.Answer
	if e.Xenon != nil {
		got = e.Xenon
	}
	method, target, _ := strings.Cut(e.Do, " ")
	path, query, _ := strings.Cut(target, "?")
	op := findOperation(doc, method, path)
	if method == http.MethodOptions && got.Status == http.StatusNoContent {
		return nil // a preflight, which the document describes for all paths together
	}
	if op == nil {
		if got.Status != http.StatusNotFound {
			return fmt.Errorf("the route is not described, so it must answer 404, but it answers %d", got.Status)
		}
		return nil
	}
	if got.Status < http.StatusBadRequest {
		if err := checkRequest(op, query, e.Sent); err != nil {
			return fmt.Errorf("the request: %w", err)
		}
	}
	response := op.Responses.Value(strconv.Itoa(got.Status))
	if response == nil {
		return fmt.Errorf("the document does not describe the status %d of the route", got.Status)
	}
	return checkResponse(response.Value, got)
}

// callbackProviderPattern and resetTokenPattern match the ends of paths that have a parameter in the document.
var (
	callbackProviderPattern = regexp.MustCompile(`/callback/[^/]+$`)
	resetTokenPattern       = regexp.MustCompile(`/reset-password/[^/]+$`)
)

// findOperation returns the description of a route, or nil if the document does not describe it.
func findOperation(doc *openapi3.T, method, path string) *openapi3.Operation {
	path = callbackProviderPattern.ReplaceAllString(path, "/callback/{provider}")
	path = resetTokenPattern.ReplaceAllString(path, "/reset-password/{token}")
	item := doc.Paths.Value(path)
	if item == nil {
		return nil
	}
	return item.Operations()[method]
}

// checkRequest checks a request that succeeded against its description.
func checkRequest(op *openapi3.Operation, query string, sent json.RawMessage) error {
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	for _, p := range op.Parameters {
		if p.Value.In == "query" && p.Value.Required && !parameters.Has(p.Value.Name) {
			return fmt.Errorf("the request does not have the required parameter %s", p.Value.Name)
		}
	}
	if op.RequestBody == nil {
		return nil
	}
	var body any
	if len(sent) == 0 {
		if op.RequestBody.Value.Required {
			return errors.New("the request has no body, but the document requires one")
		}
		return nil
	}
	if err := json.Unmarshal(sent, &body); err != nil {
		return err
	}
	if text, ok := body.(string); ok {
		body = parseTextBody(text)
	}
	return validateValue(op.RequestBody.Value.Content.Get("application/json").Schema, body)
}

// parseTextBody parses a body that was recorded as text: a form, or JSON in an unusual encoding.
func parseTextBody(text string) (body any) {
	if json.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &body) == nil {
		return body
	}
	form, _ := url.ParseQuery(text) // a text that is not a form has no fields
	fields := map[string]any{}
	for name := range form {
		fields[name] = form.Get(name)
	}
	return fields
}

// checkResponse checks a response against its description. An error can have no body, such as the 404 of delete-user.
func checkResponse(response *openapi3.Response, got *answer) error {
	for name, h := range response.Headers {
		if h.Value.Required && got.Headers[name] == "" {
			return fmt.Errorf("the response does not have the required header %s", name)
		}
	}
	media := response.Content.Get("application/json")
	switch {
	case got.Text != "":
		return fmt.Errorf("the body is not JSON: %q", got.Text)
	case media == nil && got.Body != nil:
		return fmt.Errorf("the document describes no body, the response has %s", got.Body)
	case media == nil || got.Body == nil && got.Status >= http.StatusBadRequest:
		return nil
	case got.Body == nil:
		return errors.New("the response has no body, but the document describes one")
	case got.Headers["Content-Type"] != "application/json":
		return fmt.Errorf("the Content-Type of the response is %q, want application/json", got.Headers["Content-Type"])
	}
	var body any
	if err := json.Unmarshal(got.Body, &body); err != nil {
		return err
	}
	if err := validateValue(media.Schema, body); err != nil {
		return fmt.Errorf("the body: %w", err)
	}
	return nil
}

// validateValue validates a value against a schema. The error does not contain the text of the schema.
func validateValue(schema *openapi3.SchemaRef, value any) error {
	err := schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation())
	if err == nil {
		return nil
	}
	fault, _, _ := strings.Cut(err.Error(), "\nSchema:")
	return errors.New(fault)
}
