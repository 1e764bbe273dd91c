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

// scenario is one conversation of scenarios/: requests, and what happens to the database between them. It does not say what
// the answers have to be; the library does.
type scenario struct {
	About   string `json:"about"`
	Profile string `json:"profile"` // of profiles.json
	Steps   []step `json:"steps"`

	stem string
}

// step is one request or one act. {{name}} in it stands for what was saved or made before, {{mail.url}} and
// {{mail.token}} for the last mail, {{mail.cancel}} for the token that cancels a change of address,
// {{ada.session_token}} for the cookie that ends so in the browser called ada, {{repeat x 9}} for xxxxxxxxx.
type step struct {
	Note string `json:"note,omitempty"`

	Do         string             `json:"do,omitempty"`      // "POST /api/auth/sign-out"
	As         string             `json:"as,omitempty"`      // the browser: it keeps cookies, and tells its origin with a POST
	Headers    map[string]*string `json:"headers,omitempty"` // beside those or, null, instead
	Body       json.RawMessage    `json:"body,omitempty"`    // sent as it stands here, as JSON
	Text       *string            `json:"text,omitempty"`    // or this text
	Save       map[string]string  `json:"save,omitempty"`    // name: where in the answer, "body.user.id"
	Divergence string             `json:"divergence,omitempty"`

	SQL    string            `json:"sql,omitempty"`    // run in both databases
	Query  string            `json:"query,omitempty"`  // asked in both databases; its rows have to be the same
	Forge  *forgery          `json:"forge,omitempty"`  // a token of ours
	Sign   map[string]string `json:"sign,omitempty"`   // name: value; the value signed as cookies are
	Forget string            `json:"forget,omitempty"` // the browser that loses its cookies
}

// forgery is a JWT as the library would not make it.
type forgery struct {
	Name   string         `json:"name"`
	Header map[string]any `json:"header,omitempty"` // {"alg":"HS256"}
	Claims map[string]any `json:"claims"`           // iat, exp and nbf as a distance from now, "-1h"
	Secret string         `json:"secret,omitempty"` // the server's
}

// profiles reads the settings that Xenon and the library are compared under.
func profiles(t *testing.T) map[string]map[string]string {
	t.Helper()
	var all map[string]map[string]string
	readJSON(t, "profiles.json", &all)
	return all
}

// scenarios reads all conversations of a profile.
func scenarios(t *testing.T, profile string) (all []scenario) {
	t.Helper()
	for _, s := range allScenarios(t) {
		if s.Profile == profile {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		t.Errorf("profile %s is not used by any scenario", profile)
	}
	return all
}

func allScenarios(t *testing.T) (all []scenario) {
	t.Helper()
	files, err := filepath.Glob("scenarios/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("scenarios: %v, %v", files, err)
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
		t.Fatalf("%s: %v", file, err)
	}
}

// domain is where the people of a conversation have their mail. Conversations share a server, and are told apart by it.
func (s scenario) domain() string { return strings.ReplaceAll(s.stem, "_", "-") + ".example" }

var anAddress = regexp.MustCompile(`@([a-z0-9-]+\.example)[^.a-z]`)

func TestScenariosAreWellFormed(t *testing.T) {
	t.Parallel()
	known := profiles(t)
	for _, s := range allScenarios(t) {
		if _, ok := known[s.Profile]; !ok {
			t.Errorf("%s: there is no profile %q", s.stem, s.Profile)
		}
		if s.About == "" {
			t.Errorf("%s does not say what it is about", s.stem)
		}
		text, err := json.Marshal(s.Steps)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range anAddress.FindAllStringSubmatch(strings.ToLower(string(text)), -1) {
			if got, want := found[1], s.domain(); got != want {
				t.Errorf("%s: %s is another conversation's, this one's is %s", s.stem, got, want)
			}
		}
	}
}

// Every route that Xenon serves for the library has a conversation of its own name.
func TestEveryEndpointHasAScenario(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	for _, s := range allScenarios(t) {
		for _, one := range s.Steps {
			asked[one.route()] = true
		}
	}
	for _, route := range servedRoutes(t) {
		if !asked[route] {
			t.Errorf("%s is served and never asked for", route)
		}
	}
}

// parameters are the two routes that have one, as in template.yaml.
var parameters = regexp.MustCompile(`/(reset-password|callback)/[^/]+$`)

// templatePath is a path with its parameter as template.yaml writes it.
func templatePath(path string) string {
	return parameters.ReplaceAllStringFunc(path, func(found string) string {
		if strings.HasPrefix(found, "/callback/") {
			return "/callback/{provider}"
		}
		return "/reset-password/{token}"
	})
}

// route is what a request asks for, without its query.
func (s step) route() string {
	route, _, _ := strings.Cut(s.Do, "?")
	return templatePath(route)
}

var anEvent = regexp.MustCompile(`Method: (\w+), Path: "(/api/auth/[^"]+)"`)

// servedRoutes reads template.yaml, which alone decides.
func servedRoutes(t *testing.T) (routes []string) {
	t.Helper()
	text, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range anEvent.FindAllStringSubmatch(string(text), -1) {
		routes = append(routes, m[1]+" "+m[2])
	}
	if len(routes) < 20 {
		t.Fatalf("template.yaml: found only %v", routes)
	}
	return routes
}
