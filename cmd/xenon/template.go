package main

import (
	"fmt"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	embedded "github.com/xenon-auth/xenon"
)

// template is the part of template.yaml that the development server uses.
type template struct {
	Resources map[string]resource `yaml:"Resources"`
}

type resource struct {
	Type       string `yaml:"Type"`
	Properties struct {
		CodeURI string           `yaml:"CodeUri"`
		Events  map[string]event `yaml:"Events"`
	} `yaml:"Properties"`
}

type event struct {
	Type       string `yaml:"Type"`
	Properties struct {
		Method string `yaml:"Method"`
		Path   string `yaml:"Path"`
	} `yaml:"Properties"`
}

const functionType = "AWS::Serverless::Function"

func readTemplate() (template, error) {
	var t template
	if err := yaml.Unmarshal(embedded.Template, &t); err != nil {
		return t, fmt.Errorf("template.yaml: %w", err)
	}
	return t, nil
}

// routes returns the sorted HTTP routes of each function, by the name of its folder, such as "signin" →
// "POST /api/auth/sign-in/email".
func (t template) routes() map[string][]string {
	folders := map[string][]string{}
	for _, r := range t.Resources {
		if r.Type != functionType {
			continue
		}
		folder := path.Base(r.Properties.CodeURI)
		for _, e := range r.Properties.Events {
			if e.Type == "HttpApi" {
				folders[folder] = append(folders[folder], e.Properties.Method+" "+e.Properties.Path)
			}
		}
		slices.Sort(folders[folder])
	}
	return folders
}
