package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

func getPage(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	apiRoutes().Mux(config.API{Origin: config.DefaultOrigin}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestAPIPageHasAFormForEveryRoute(t *testing.T) {
	t.Chdir(repositoryRoot)
	w := getPage(t, "/api")
	page := w.Body.String()
	if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != "text/html; charset=utf-8" {
		t.Fatalf("API page: got %d %s, want 200 and HTML\n%s", w.Code, got, page)
	}
	var want, got []string
	tmpl, err := readTemplate()
	if err != nil {
		t.Fatal(err)
	}
	for _, routes := range tmpl.routes() {
		for _, route := range routes {
			if !strings.HasPrefix(route, "OPTIONS ") { // browsers send preflights, the page does not
				want = append(want, route)
			}
		}
	}
	for _, m := range regexp.MustCompile(`data-method="(\w+)" data-path="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		got = append(got, m[1]+" "+m[2])
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("forms of the API page and routes of template.yaml, want the same (-page +template.yaml):\n%s", diff)
	}
	if external := regexp.MustCompile(`(src|href|action)="?(https?:)?//`).FindString(page); external != "" {
		t.Errorf("the API page: got the URL of another host in %s, want only paths of this host", external)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") {
		t.Errorf("the API page: got Content-Security-Policy %q, want one that begins with default-src 'none'", csp)
	}
}

func TestOpenAPIRouteServesTheFileInDocs(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(filepath.Join(repositoryRoot, "docs/openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w := getPage(t, "/openapi.yaml")
	if w.Code != http.StatusOK || w.Body.String() != string(want) || w.Header().Get("Content-Type") != "application/yaml" {
		t.Errorf(
			"GET /openapi.yaml: got %d, %s and %d bytes, want 200, application/yaml and the %d bytes of docs/openapi.yaml",
			w.Code,
			w.Header().Get("Content-Type"),
			w.Body.Len(),
			len(want),
		)
	}
}

// apiRoutes returns the routes of the API page and of the OpenAPI file.
func apiRoutes() web.Routes {
	var d apiDescription
	return web.Routes{"GET /api": d.servePage, "GET /openapi.yaml": d.serveDocument}
}
