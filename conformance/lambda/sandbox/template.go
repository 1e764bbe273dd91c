//go:build moto

package sandbox

import (
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"go.yaml.in/yaml/v3"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
)

// Function is a function of template.yaml.
type Function struct {
	Routes          []string // such as "POST /api/auth/sign-up/email"
	Timeout, Memory int
	Env             map[string]string
}

// Options returns the options of the function's sandbox, with additional environment variables. bootstrap is the
// function's executable.
func (f Function) Options(bootstrap string, more ...map[string]string) Options {
	env := map[string]string{}
	for _, settings := range append([]map[string]string{f.Env}, more...) {
		for name, value := range settings {
			env[name] = value
		}
	}
	return Options{Bootstrap: bootstrap, Env: env, Timeout: f.Timeout, Memory: f.Memory}
}

// functionProperties has the properties of a function in template.yaml, or the defaults for all functions (Globals).
type functionProperties struct {
	Folder      string `yaml:"CodeUri"`
	Timeout     int    `yaml:"Timeout"`
	Memory      int    `yaml:"MemorySize"`
	Environment struct {
		Variables map[string]yaml.Node `yaml:"Variables"`
	} `yaml:"Environment"`
	Events map[string]struct {
		Properties struct {
			Method string `yaml:"Method"`
			Path   string `yaml:"Path"`
		} `yaml:"Properties"`
	} `yaml:"Events"`
}

type templateDocument struct {
	Parameters map[string]struct {
		Default yaml.Node `yaml:"Default"`
	} `yaml:"Parameters"`
	Conditions map[string]yaml.Node `yaml:"Conditions"`
	Globals    struct {
		Function functionProperties `yaml:"Function"`
	} `yaml:"Globals"`
	Resources map[string]struct {
		Type       string             `yaml:"Type"`
		Properties functionProperties `yaml:"Properties"`
	} `yaml:"Resources"`
}

// ReadTemplate reads template.yaml, resolves its references, and returns the functions by their folder. values has
// the value of each !Ref. It is required for resources and for parameters without a default.
func ReadTemplate(t testing.TB, values map[string]string) map[string]Function {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(checkout.Root(), "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc templateDocument
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	functions := map[string]Function{}
	global := doc.Globals.Function
	for _, r := range doc.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		p := r.Properties
		f := Function{Timeout: global.Timeout, Memory: global.Memory, Env: map[string]string{}}
		for _, variables := range []map[string]yaml.Node{global.Environment.Variables, p.Environment.Variables} {
			for name, node := range variables {
				f.Env[name] = doc.resolveValue(t, &node, values)
			}
		}
		if p.Timeout != 0 {
			f.Timeout = p.Timeout
		}
		if p.Memory != 0 {
			f.Memory = p.Memory
		}
		for _, e := range p.Events {
			if e.Properties.Method != "" {
				f.Routes = append(f.Routes, e.Properties.Method+" "+e.Properties.Path)
			}
		}
		functions[path.Base(p.Folder)] = f
	}
	return functions
}

// resolveValue returns the value of a node. It resolves !Ref and !If.
func (d templateDocument) resolveValue(t testing.TB, node *yaml.Node, values map[string]string) string {
	t.Helper()
	switch node.Tag {
	case "!Ref":
		value, given := values[node.Value]
		parameter, declared := d.Parameters[node.Value]
		if !given && (!declared || parameter.Default.Kind == 0) {
			t.Fatalf("template.yaml: !Ref %s has neither a value from the test nor a default, want one", node.Value)
		}
		if given {
			return value
		}
		return parameter.Default.Value
	case "!If":
		condition := d.Conditions[node.Content[0].Value]
		if d.conditionHolds(t, &condition, values) {
			return d.resolveValue(t, node.Content[1], values)
		}
		return d.resolveValue(t, node.Content[2], values)
	}
	return node.Value
}

// conditionHolds reports whether a condition of the template holds.
func (d templateDocument) conditionHolds(t testing.TB, condition *yaml.Node, values map[string]string) bool {
	t.Helper()
	switch condition.Tag {
	case "!Equals":
		return d.resolveValue(t, condition.Content[0], values) == d.resolveValue(t, condition.Content[1], values)
	case "!Not":
		return !d.conditionHolds(t, condition.Content[0], values)
	case "!And":
		for _, part := range condition.Content {
			if !d.conditionHolds(t, part, values) {
				return false
			}
		}
		return true
	}
	t.Fatalf("template.yaml: got the condition %s %s, want !Equals, !Not or !And", condition.Tag, condition.Value)
	return false
}

// OriginSecrets are the originSecrets of the deployment's app secret: the one that CloudFront sends, and the previous
// one.
var OriginSecrets = [2]string{"origin-secret-of-these-tests-now", "origin-secret-of-these-tests-old"}

// NewEvent returns API Gateway's event for a request through CloudFront from an IP address.
func NewEvent(method, target, query, ip, body string, cookies ...string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: method + " " + target, RawPath: target, RawQueryString: query, Body: body, Cookies: cookies,
		Headers: map[string]string{
			"accept": "*/*", "origin": "https://learn.example.com", "x-forwarded-for": ip + ", 130.176.0.7",
			"x-origin-secret": OriginSecrets[0], "x-forwarded-port": "443", "x-forwarded-proto": "https",
			"user-agent": "Mozilla/5.0",
		},
	}
	if body != "" {
		e.Headers["content-type"] = "application/json"
	}
	e.RequestContext.Stage = "$default"
	e.RequestContext.DomainName = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
	e.RequestContext.RequestID = "JKJaXmPLvHcESHA="
	e.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{
		Method: method, Path: target, Protocol: "HTTP/1.1", SourceIP: "130.176.0.7",
	}
	return e
}
