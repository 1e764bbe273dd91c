package conformance

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// scenario is a sequence of requests and changes of the database, from a file in scenarios/. It does not contain the
// expected responses: those are Better Auth's.
type scenario struct {
	About   string `json:"about"`
	Profile string `json:"profile"` // name of a profile in profiles.json
	Steps   []step `json:"steps"`

	stem string
}

// step is one request or another action. It can have these placeholders:
//
//   - {{name}}: a value that an earlier step saved or created
//   - {{mail.url}}, {{mail.token}}: the URL and the token of the last mail
//   - {{mail.cancel}}: the token of Xenon's last notice of a change of email, which cancels the change
//   - {{ada.session_token}}: the value of the cookie in the browser "ada" whose name ends with session_token
//   - {{repeat x 9}}: xxxxxxxxx
type step struct {
	Note string `json:"note,omitempty"`

	Do         string             `json:"do,omitempty"`      // "POST /api/auth/sign-out"
	As         string             `json:"as,omitempty"`      // the browser; it stores cookies and sends Origin unless GET
	Headers    map[string]*string `json:"headers,omitempty"` // additional headers; null removes one
	Body       json.RawMessage    `json:"body,omitempty"`    // a JSON body, sent byte for byte
	Text       *string            `json:"text,omitempty"`    // a body that need not be JSON, instead of body
	Save       map[string]string  `json:"save,omitempty"`    // name: the place in the response, "body.user.id"
	Divergence string             `json:"divergence,omitempty"`

	SQL    string            `json:"sql,omitempty"`    // executed in the server's database
	Query  string            `json:"query,omitempty"`  // executed in the server's database; the rows are compared
	Forge  *forgery          `json:"forge,omitempty"`  // creates a token
	Sign   map[string]string `json:"sign,omitempty"`   // name: value; signs the value as a cookie
	Forget string            `json:"forget,omitempty"` // the browser whose cookies are deleted
	Visit  *visit            `json:"visit,omitempty"`  // a sign-in at a provider

	// App computes codes of an authenticator app: name of the code: URI of the secret. A name that ends with ".next" is
	// the code of the next period, which both servers accept, too.
	App map[string]string `json:"app,omitempty"`
}

// forgery is a JWT that the scenario creates, not a server.
type forgery struct {
	Name   string         `json:"name"`
	Header map[string]any `json:"header,omitempty"` // {"alg":"HS256"}
	Claims map[string]any `json:"claims"`           // iat, exp and nbf relative to now, "-1h"
	Secret string         `json:"secret,omitempty"` // default: the secret of the server
}

// readProfiles reads the sets of settings with which Xenon and Better Auth are compared.
func readProfiles(t *testing.T) map[string]map[string]string {
	t.Helper()
	var all map[string]map[string]string
	readJSON(t, "profiles.json", &all)
	return all
}

// readScenarios reads all scenarios of a profile.
func readScenarios(t *testing.T, profile string) (all []scenario) {
	t.Helper()
	for _, s := range readAllScenarios(t) {
		if s.Profile == profile {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		t.Errorf("scenarios of the profile %s: got none, want at least one", profile)
	}
	return all
}

func readAllScenarios(t *testing.T) (all []scenario) {
	t.Helper()
	files, err := filepath.Glob("scenarios/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("files in conformance/scenarios: got %v and the error %v, want at least one", files, err)
	}
	for _, file := range files {
		s := scenario{stem: strings.TrimSuffix(filepath.Base(file), ".json")}
		readJSON(t, file, &s)
		all = append(all, s)
	}
	return all
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("decode %s: %v", file, err)
	}
}

// domain returns the email domain of the scenario's users. Scenarios share a server, and the domain separates them.
func (s scenario) domain() string { return strings.ReplaceAll(s.stem, "_", "-") + ".example" }

var scenarioEmailPattern = regexp.MustCompile(`@([a-z0-9-]+\.example)[^.a-z]`)

func TestScenariosAreWellFormed(t *testing.T) {
	t.Parallel()
	known := readProfiles(t)
	for _, s := range readAllScenarios(t) {
		if _, ok := known[s.Profile]; !ok {
			t.Errorf("the profile of the scenario %s: got %q, want one of profiles.json", s.stem, s.Profile)
		}
		if s.About == "" {
			t.Errorf("%s: the field about is empty, want a description", s.stem)
		}
		text, err := json.Marshal(s.Steps)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range scenarioEmailPattern.FindAllStringSubmatch(strings.ToLower(string(text)), -1) {
			if got, want := found[1], s.domain(); got != want {
				t.Errorf("%s: the scenario uses an email of the domain %s, want %s", s.stem, got, want)
			}
		}
	}
}

// Every route of Better Auth that Xenon serves is requested in a scenario.
func TestEveryEndpointHasAScenario(t *testing.T) {
	t.Parallel()
	requested := map[string]bool{}
	for _, s := range readAllScenarios(t) {
		for _, one := range s.Steps {
			requested[one.route()] = true
		}
	}
	for _, route := range readTemplateRoutes(t) {
		if !requested[route] {
			t.Errorf("template.yaml has the route %s, but no scenario requests it; add one", route)
		}
	}
}

// pathParameterPattern matches the paths of the two routes with a path parameter.
var pathParameterPattern = regexp.MustCompile(`/(reset-password|callback)/[^/]+$`)

// withTemplateParameter returns a path with its parameter as in template.yaml.
func withTemplateParameter(path string) string {
	return pathParameterPattern.ReplaceAllStringFunc(path, func(found string) string {
		if strings.HasPrefix(found, "/callback/") {
			return "/callback/{provider}"
		}
		return "/reset-password/{token}"
	})
}

// route returns the method and path of the request, without its query, as in template.yaml.
func (s step) route() string {
	route, _, _ := strings.Cut(s.Do, "?")
	return withTemplateParameter(route)
}

var apiEventPattern = regexp.MustCompile(`Method: (\w+), Path: "(/api/auth/[^"]+)"`)

// readTemplateRoutes reads the routes from template.yaml.
func readTemplateRoutes(t *testing.T) (routes []string) {
	t.Helper()
	text, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range apiEventPattern.FindAllStringSubmatch(string(text), -1) {
		routes = append(routes, m[1]+" "+m[2])
	}
	if len(routes) < 20 {
		t.Fatalf("routes in template.yaml: found only %v, want at least 20", routes)
	}
	return routes
}
