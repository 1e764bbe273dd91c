package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	embedded "github.com/xenon-auth/xenon"
)

// properties is a YAML mapping in a template.
type properties = map[string]any

// wholeTemplate is template.yaml. The YAML parser drops tags such as !Ref, so that of a CloudFormation function only
// the argument is left.
type wholeTemplate struct {
	Globals   map[string]properties `yaml:"Globals"`
	Resources map[string]struct {
		Type       string     `yaml:"Type"`
		Metadata   properties `yaml:"Metadata"`
		Properties properties `yaml:"Properties"`
	} `yaml:"Resources"`
}

// samTemplate returns the part of template.yaml that `sam local` can run, as JSON: the API and the functions with
// routes. It sets the architecture of the containers. It replaces the environment variables by those of the settings,
// each with an empty value: the values are in another file, and sam sets only variables that the template has.
func samTemplate(arch string, settings map[string]string) ([]byte, error) {
	var whole wholeTemplate
	if err := yaml.Unmarshal(embedded.Template, &whole); err != nil {
		return nil, fmt.Errorf("template.yaml: %w", err)
	}
	resources := properties{}
	for name, r := range whole.Resources {
		routes := httpEvents(r.Properties["Events"])
		switch {
		case r.Type == "AWS::Serverless::HttpApi":
			resources[name] = properties{"Type": r.Type}
		case r.Type == functionType && len(routes) > 0:
			own := selectProperties(r.Properties, "CodeUri", "MemorySize", "Timeout")
			own["Events"] = routes
			resources[name] = properties{"Type": r.Type, "Metadata": r.Metadata, "Properties": own}
		}
	}
	empty := map[string]string{}
	for name := range settings {
		empty[name] = ""
	}
	function := selectProperties(whole.Globals["Function"], "Runtime", "Handler", "Timeout", "MemorySize")
	function["Architectures"] = []string{map[string]string{"amd64": "x86_64", "arm64": "arm64"}[arch]}
	function["Environment"] = properties{"Variables": empty}
	return json.MarshalIndent(properties{
		"Transform": "AWS::Serverless-2016-10-31",
		"Globals":   properties{"Function": function},
		"Resources": resources,
	}, "", "  ")
}

// httpEvents returns the HttpApi events of a function.
func httpEvents(events any) properties {
	all, _ := events.(properties)
	routes := maps.Clone(all)
	maps.DeleteFunc(routes, func(_ string, event any) bool {
		e, ok := event.(properties)
		return !ok || e["Type"] != "HttpApi"
	})
	for name, event := range routes {
		e, _ := event.(properties)
		route, _ := e["Properties"].(properties)
		kept := selectProperties(route, "Method", "Path")
		kept["ApiId"] = properties{"Ref": route["ApiId"]} // the YAML parser drops the tag !Ref
		routes[name] = properties{"Type": "HttpApi", "Properties": kept}
	}
	return routes
}

func selectProperties(from properties, names ...string) properties {
	kept := maps.Clone(from)
	maps.DeleteFunc(kept, func(name string, _ any) bool { return !slices.Contains(names, name) })
	return kept
}
