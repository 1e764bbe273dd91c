package main

import (
	"bytes"
	_ "embed" // api_page.html
	"encoding/json"
	"fmt"
	html "html/template"
	"net/http"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	embedded "github.com/xenon-auth/xenon"
)

//go:embed api_page.html
var apiPageText string

var apiPageTemplate = html.Must(html.New("api").Parse(apiPageText))

// apiDocument is the part of docs/openapi.yaml that the page shows.
type apiDocument struct {
	Info  struct{ Title, Description string }
	Tags  []struct{ Name string }
	Paths yaml.Node // a map; the page keeps its order
}

type operation struct {
	Method, Path string `yaml:"-"`
	ID           string `yaml:"operationId"`
	Tags         []string
	Summary      string
	Description  string
	Security     []map[string][]string
	Parameters   []struct {
		Name, In, Description string
		Required              bool
	}
	RequestBody struct {
		Content map[string]struct{ Example any }
	} `yaml:"requestBody"`
	Responses map[string]struct{ Description string }
}

// Body returns the example of the request body as JSON, or "" if there is no body.
func (o operation) Body() (string, error) {
	media, ok := o.RequestBody.Content["application/json"]
	if !ok {
		return "", nil
	}
	text, err := json.MarshalIndent(media.Example, "", "  ")
	return string(text), err
}

// RequiresToken reports whether the operation requires a token of /api/auth/token.
func (o operation) RequiresToken() bool {
	return slices.ContainsFunc(o.Security, func(s map[string][]string) bool { _, ok := s["jwt"]; return ok })
}

// Statuses returns the status codes of this operation, separated by commas. It leaves out the responses that are the
// same for all operations.
func (o operation) Statuses() string {
	var all []string
	for status, r := range o.Responses {
		if r.Description != "" { // the other responses are references to shared ones
			all = append(all, status)
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

type apiSection struct {
	Name       string
	Operations []operation
}

// sections returns the operations by tag, in the order of the document.
func (d apiDocument) sections() ([]apiSection, error) {
	byTag := map[string][]operation{}
	for i := 0; i+1 < len(d.Paths.Content); i += 2 {
		path, item := d.Paths.Content[i].Value, d.Paths.Content[i+1]
		for j := 0; j+1 < len(item.Content); j += 2 {
			op := operation{}
			if err := item.Content[j+1].Decode(&op); err != nil {
				return nil, err
			}
			if len(op.Tags) != 1 {
				return nil, fmt.Errorf("the operation %s has %d tags, but it must have one", op.ID, len(op.Tags))
			}
			op.Method, op.Path = strings.ToUpper(item.Content[j].Value), path
			byTag[op.Tags[0]] = append(byTag[op.Tags[0]], op)
		}
	}
	all := make([]apiSection, len(d.Tags))
	for i, tag := range d.Tags {
		all[i] = apiSection{tag.Name, byTag[tag.Name]}
	}
	return all, nil
}

// apiDescription serves the description of the API: with the declared fields of the profile, if document is set, else
// that of the shipped declaration.
type apiDescription struct{ document []byte }

func (d apiDescription) text() []byte {
	if d.document != nil {
		return d.document
	}
	return embedded.OpenAPI
}

// serveDocument answers GET /openapi.yaml.
func (d apiDescription) serveDocument(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/yaml")
	_, err := w.Write(d.text())
	return err
}

// servePage answers GET /api with a page that has a form for each operation. The page sends requests to this server
// only.
func (d apiDescription) servePage(w http.ResponseWriter, _ *http.Request) error {
	var doc apiDocument
	if err := yaml.Unmarshal(d.text(), &doc); err != nil {
		return fmt.Errorf("docs/openapi.yaml: %w", err)
	}
	sections, err := doc.sections()
	if err != nil {
		return fmt.Errorf("docs/openapi.yaml: %w", err)
	}
	var page bytes.Buffer
	if err := apiPageTemplate.Execute(&page, map[string]any{"Title": doc.Info.Title, "Sections": sections}); err != nil {
		return fmt.Errorf("write the API page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; "+
		"script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	_, err = page.WriteTo(w)
	return err
}
