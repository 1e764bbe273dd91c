//go:build node

package edge

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const repositoryRoot = "../.."

// readSiteIndexFunction returns the code of the CloudFront function SiteIndex from template.yaml.
func readSiteIndexFunction(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repositoryRoot, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var tmpl struct {
		Resources struct {
			SiteIndex struct {
				Properties struct {
					FunctionCode   string `yaml:"FunctionCode"`
					FunctionConfig struct {
						Runtime string `yaml:"Runtime"`
					} `yaml:"FunctionConfig"`
				} `yaml:"Properties"`
			} `yaml:"SiteIndex"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &tmpl); err != nil {
		t.Fatal(err)
	}
	p := tmpl.Resources.SiteIndex.Properties
	if p.FunctionConfig.Runtime != "cloudfront-js-2.0" || len(p.FunctionCode) > 10_000 {
		t.Errorf("the CloudFront function of template.yaml: got the runtime %s and %d bytes of code, want "+
			"cloudfront-js-2.0 and at most 10,000", p.FunctionConfig.Runtime, len(p.FunctionCode))
	}
	return p.FunctionCode
}

// The CloudFront function SiteIndex maps the path of a page to its index.html, and does not change the path of a file.
// It always returns the request and never a response, so it cannot redirect.
func TestSiteIndexMapsPagesToTheirIndexFile(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"/":                              "/index.html",
		"/login":                         "/login/index.html",
		"/login/":                        "/login/index.html",
		"/docs/v1.2/intro":               "/docs/v1.2/intro/index.html",
		"/docs/v1.2":                     "/docs/v1.2/index.html",
		"/docs/v1.2/":                    "/docs/v1.2/index.html",
		"/assets/js/main.0a1b2c.js":      "/assets/js/main.0a1b2c.js",
		"/fonts/text.woff2":              "/fonts/text.woff2",
		"/sitemap.xml":                   "/sitemap.xml",
		"/.well-known/change-password":   "/.well-known/change-password/index.html",
		"/.nojekyll":                     "/.nojekyll",
		"//evil.example":                 "//evil.example", // S3 answers 404: it has no such key
		"//evil.example/":                "//evil.example/index.html",
		"/%2e%2e/secret":                 "/%2e%2e/secret/index.html",
		"/a\\b":                          "/a\\b/index.html",
		"/" + strings.Repeat("a", 8_000): "/" + strings.Repeat("a", 8_000) + "/index.html",
	}
	paths := make([]string, 0, len(want))
	for path := range want {
		paths = append(paths, path)
	}
	input, err := json.Marshal(paths)
	if err != nil {
		t.Fatal(err)
	}
	// The context has no require, no modules and no process, like CloudFront's runtime.
	script := `
const { runInNewContext } = require("node:vm")
const [code, paths] = [process.argv[1], JSON.parse(require("node:fs").readFileSync(0, "utf8"))]
const handler = runInNewContext(code + "; handler", Object.create(null))
const out = {}
for (const uri of paths) {
  const headers = { host: { value: "learn.example.com" } }
  const request = { method: "GET", uri, headers, querystring: { next: { value: "/x" } }, cookies: {} }
  const before = JSON.stringify({ ...request, uri: "" })
  const context = { eventType: "viewer-request" }
  const answer = handler({ version: "1.0", context, viewer: { ip: "203.0.113.7" }, request })
  if (answer !== request || JSON.stringify({ ...request, uri: "" }) !== before)
    throw new Error("changed more than the path of " + uri)
  out[uri] = answer.uri
}
console.log(JSON.stringify(out))`
	node := exec.CommandContext(t.Context(), "node", "-e", script, readSiteIndexFunction(t))
	node.Stdin, node.Stderr = strings.NewReader(string(input)), t.Output()
	answer, err := node.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("the results of the CloudFront function (-got +want):\n%s", diff)
	}
}
