package main

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	embedded "github.com/xenon-auth/xenon"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

const repositoryRoot = "../.."

func readProjectTemplate(t *testing.T) template {
	t.Helper()
	tmpl, err := readTemplate()
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func routesByFolder(t *testing.T) map[string]web.Routes {
	t.Helper()
	cfg := config.API{
		Origin: config.DefaultOrigin, PasswordHash: config.Argon2id,
		JWKSURL: config.DefaultOrigin + "/api/auth/jwks", JWTIssuer: config.DefaultOrigin, JWTAudience: config.DefaultOrigin,
	}
	appSecrets := secrets.New(cfg, time.Now)
	db := store.Open(appSecrets, 1)
	t.Cleanup(db.Close)
	return routesByFunction(cfg, appSecrets, db, time.Now, auditlog.NewBuffer(slog.DiscardHandler, 1), nil)
}

// functionFolders returns the sorted names of the folders under functions/.
func functionFolders(t *testing.T) []string {
	t.Helper()
	mains, err := filepath.Glob(filepath.Join(repositoryRoot, "functions", "*", "main.go"))
	if err != nil || len(mains) == 0 {
		t.Fatal("files functions/*/main.go: got none, want at least one", err)
	}
	var names []string
	for _, file := range mains {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	return names
}

// calledByStateMachine returns the names of the functions that a state machine of the template calls, as keys. Each
// value is "StateMachine".
func calledByStateMachine(t *testing.T) map[string]string {
	t.Helper()
	var all struct {
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				DefinitionURI string            `yaml:"DefinitionUri"`
				Functions     map[string]string `yaml:"DefinitionSubstitutions"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(embedded.Template, &all); err != nil {
		t.Fatal(err)
	}
	started := map[string]string{}
	for name, r := range all.Resources {
		if r.Type != "AWS::Serverless::StateMachine" {
			continue
		}
		definition, err := os.ReadFile(filepath.Join(repositoryRoot, r.Properties.DefinitionURI))
		if err != nil {
			t.Fatal(err)
		}
		for placeholder, arn := range r.Properties.Functions {
			function, _ := strings.CutSuffix(arn, ".Arn")
			started[function] = "StateMachine"
			if !strings.Contains(string(definition), `"${`+placeholder+`}"`) {
				t.Errorf("the definition of the state machine %s does not use its substitution %s", name, placeholder)
			}
		}
	}
	return started
}

// Every folder under functions/ is a function of the template with one trigger. xenon dev serves the functions that API
// Gateway calls. The other functions are called by a queue, a schedule, the state machine or the rotation.
func TestFoldersAreFunctionsOfTheTemplate(t *testing.T) {
	t.Parallel()
	others := map[string]string{
		"mailer": "SQS", "migrate": "StateMachine", "rotate": "RotationSchedule", "relay": "Schedule", "deliver": "SQS",
	}
	started, machines := map[string]string{}, calledByStateMachine(t)
	rotations := readTemplateNode(t).properties("AWS::SecretsManager::RotationSchedule")
	for function, r := range readProjectTemplate(t).Resources {
		if r.Type != functionType {
			continue
		}
		folder := filepath.Base(r.Properties.CodeURI)
		if by := machines[function]; by != "" {
			started[folder] = by
		}
		for _, rotation := range rotations {
			if rotation["RotationLambdaARN"] == "!GetAtt "+function+".Arn" {
				started[folder] = "RotationSchedule"
			}
		}
		for name, e := range r.Properties.Events {
			if by := started[folder]; by != "" && by != e.Type {
				t.Errorf("triggers of functions/%s: got %s and %s (%s), want one", folder, by, e.Type, name)
			}
			started[folder] = e.Type
		}
	}
	if diff := cmp.Diff(functionFolders(t), slices.Sorted(maps.Keys(started))); diff != "" {
		t.Errorf("folders and functions of the template, want the same (-functions/ +template.yaml):\n%s", diff)
	}
	want := maps.Clone(others)
	for folder := range routesByFolder(t) {
		want[folder] = "HttpApi"
	}
	if diff := cmp.Diff(started, want); diff != "" {
		t.Errorf("triggers of the functions (-template.yaml +want):\n%s", diff)
	}
}

func TestRoutesAreEventsOfTheirFunction(t *testing.T) {
	t.Parallel()
	events := readProjectTemplate(t).routes()
	for folder, routes := range routesByFolder(t) {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(routes)), events[folder]); diff != "" {
			t.Errorf("routes of functions/%s, want the same (-code +template.yaml):\n%s", folder, diff)
		}
	}
}

func TestResourcesAreNamedAfterTheirFolder(t *testing.T) {
	t.Parallel()
	for name, r := range readProjectTemplate(t).Resources {
		if r.Type == functionType && strings.ToLower(name) != filepath.Base(r.Properties.CodeURI)+"function" {
			t.Errorf("the resource with the code of %s: got the name %s, want that of the folder with Function at its end",
				r.Properties.CodeURI, name)
		}
	}
}

// The main package of a function serves only the routes of its folder and has at most 25 lines.
func TestFunctionsServeRoutesOfTheirFolder(t *testing.T) {
	t.Parallel()
	routes := routesByFolder(t)
	for _, folder := range functionFolders(t) {
		text, err := os.ReadFile(filepath.Join(repositoryRoot, "functions", folder, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(text), "\n"); lines > 25 {
			t.Errorf("lines of functions/%s/main.go: got %d, want at most 25", folder, lines)
		}
		if strings.Contains(string(text), "store.Open(") && !strings.Contains(string(text), ").UseSchema(cfg.Schema)") {
			t.Errorf("functions/%s/main.go opens the store without UseSchema(cfg.Schema), want it called", folder)
		}
		method := regexp.MustCompile(`\.(\w+)Routes\(\)\.Mux\(cfg\)`).FindSubmatch(text)
		if _, serves := routes[folder]; !serves {
			if method != nil {
				t.Errorf("functions/%s/main.go serves the routes of %q, want none, because xenon dev serves none of it",
					folder, method)
			}
			continue
		}
		if method == nil || strings.ToLower(string(method[1])) != folder {
			t.Errorf("functions/%s/main.go serves the routes of %q, want the method of the folder, such as SigninRoutes",
				folder, method)
		}
	}
}

func TestEnvironmentOfTheTemplateIsKnownToConfig(t *testing.T) {
	t.Parallel()
	read := map[string]bool{}
	spy := func(name string) string { read[name] = true; return "" }
	_, _ = config.LoadAPI(spy) // only the names of the variables matter, not the error
	_, _ = config.LoadImport(spy)
	_, _ = config.LoadMailer(spy)
	_, _ = config.LoadRelay(spy)
	_, _ = config.LoadDelivery(spy)
	found := regexp.MustCompile(`(?m)^ +([A-Z][A-Z0-9_]+): `).FindAllSubmatch(embedded.Template, -1)
	if len(found) < 4 {
		t.Fatalf("environment variables in template.yaml: got %d, want at least 4", len(found))
	}
	for _, m := range found {
		if name := string(m[1]); !read[name] {
			t.Errorf("template.yaml sets the environment variable %s, which package config does not read", name)
		}
		if name := string(m[1]); name == "DATABASE_URL" || strings.HasPrefix(name, "BETTER_AUTH_SECRET") ||
			strings.HasSuffix(name, "_CLIENT_SECRET") || name == config.ApplePrivateKey {
			t.Errorf("template.yaml sets the secret %s as an environment variable; store it in Secrets Manager", name)
		}
	}
}

func TestMountRejectsRouteThatNoFunctionServes(t *testing.T) {
	t.Parallel()
	var r resource
	r.Type, r.Properties.CodeURI = functionType, "functions/signin"
	e := event{Type: "HttpApi"}
	e.Properties.Method, e.Properties.Path = "POST", "/api/auth/nothing"
	r.Properties.Events = map[string]event{"Nothing": e}
	_, err := templateRoutes(template{Resources: map[string]resource{"SigninFunction": r}}, routesByFolder(t))
	if err == nil || !strings.Contains(err.Error(), "functions/signin") {
		t.Errorf("templateRoutes with a route that no function serves: got %v, want an error that names functions/signin",
			err)
	}
}
