package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/web"
)

// openHandler returns the handler of xenon dev with the routes and the site of the flags.
func openHandler(t *testing.T, c devCmd, routes web.Routes) (http.Handler, error) {
	t.Helper()
	site, err := c.openSite(t.Context(), configOfLocalhost3000)
	if err != nil {
		return nil, err
	}
	return site.withAPI(routes, configOfLocalhost3000), nil
}

func TestDevServesABuiltSiteWithHashesOfItsScripts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	page := []byte(`<title>mine</title><script>alert(1)</script>`)
	if err := os.WriteFile(filepath.Join(dir, "index.html"), page, 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := openHandler(t, devCmd{Site: dir}, web.Routes{})
	if err != nil {
		t.Fatal(err)
	}
	w := sendRequest(h, "GET", "/")
	const hash = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" // of alert(1)
	if csp := w.Header().Get("Content-Security-Policy"); w.Code != http.StatusOK || w.Body.String() != string(page) ||
		!strings.Contains(csp, hash) {
		t.Errorf("GET / of the site in --site: got the status %d and %s with the policy %s, want its page and the hash of "+
			"its script", w.Code, w.Body, csp)
	}
}

func TestDevRejectsSiteThatCannotWork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	handler := filepath.Join(dir, "handler")
	if err := os.Mkdir(handler, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(handler, "index.html"), []byte(`<a onclick="x()">`), 0o600); err != nil {
		t.Fatal(err)
	}
	for site, want := range map[string]string{
		filepath.Join(dir, "nothing"): "no such file or directory",
		dir:                           "it has no index.html",
		filepath.Join(dir, "handler", "index.html"): "not a directory",
		handler:          "index.html: onclick of <a>",
		"localhost:3001": "Write http:// before the host: --site http://localhost:3001",
	} {
		_, err := openHandler(t, devCmd{Site: site}, web.Routes{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--site "+site) {
			t.Errorf("xenon dev --site %s: got the error %v, want one that names the option and says %q", site, err, want)
		}
	}
}

// A program that go install has built contains no site. xenon dev says so, and with --no-site it serves the API.
func TestDevOutsideACheckoutServesOnlyTheAPI(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := openHandler(t, devCmd{}, web.Routes{})
	if err == nil || !strings.Contains(err.Error(), "has no site") || !strings.Contains(err.Error(), "--no-site") {
		t.Errorf("xenon dev outside a checkout: got the error %v, want one that names --no-site and the reason", err)
	}
	h, err := openHandler(t, devCmd{NoSite: true}, web.Routes{})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/api", "/openapi.yaml"} {
		if w := sendRequest(h, "GET", path); w.Code != http.StatusOK {
			t.Errorf("GET %s outside a checkout with --no-site: got the status %d and %s, want 200", path, w.Code, w.Body)
		}
	}
	if _, err := readTemplate(); err != nil {
		t.Errorf("read the template outside a checkout: got %v, want no error", err)
	}
}
