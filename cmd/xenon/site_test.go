package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

const scriptHash = "'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='"

// createBuiltSite creates a directory with the files of a built website.
func createBuiltSite(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"csp-hashes.txt":                               scriptHash + "\n",
		"build/index.html":                             "<title>home</title>",
		"build/404.html":                               "<title>nothing here</title>",
		"build/login/index.html":                       "<title>login</title>",
		"build/docs/v1.2/index.html":                   "<title>a dot</title>",
		"build/sitemap.xml":                            "<urlset/>",
		"build/a b.txt":                                "blank",
		"build/assets/js/main.5bd45f58.js":             "0",
		"build/.well-known/change-password/index.html": "<title>change</title>",
		"secret.txt":                                   "not of the site",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// newSiteHandler returns the handler of xenon dev with three routes of the API and the site in dir.
func newSiteHandler(t *testing.T, dir string, cfg config.API) http.Handler {
	t.Helper()
	p, err := readSitePolicy()
	if err != nil {
		t.Fatal(err)
	}
	say := func(text string) web.Handler {
		return func(w http.ResponseWriter, _ *http.Request) error { return web.WriteJSON(w, http.StatusOK, text) }
	}
	routes := web.Routes{"GET /api/auth/ok": say("ok"), "GET /health": say("healthy"), "GET /api": say("forms")}
	site := openSiteInFolder(os.DirFS(dir))
	site.headers, site.whileNotBuilt = p.headers(strings.HasPrefix(cfg.Origin, "https:")), say("start page")
	return p.withSite(routes, cfg, site)
}

func sendRequest(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var configOfLocalhost3000 = config.API{Origin: config.DefaultOrigin}

func TestSiteAndAPIAnswerTheirPaths(t *testing.T) {
	t.Parallel()
	h := newSiteHandler(t, createBuiltSite(t), configOfLocalhost3000)
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/", 200, "<title>home</title>"},
		{"GET", "/index.html", 200, "<title>home</title>"},
		{"GET", "/?next=/profile/", 200, "<title>home</title>"},
		{"GET", "/login", 200, "<title>login</title>"},
		{"GET", "/login/", 200, "<title>login</title>"},
		{"GET", "/login/index.html", 200, "<title>login</title>"},
		{"GET", "/login?next=/a.b", 200, "<title>login</title>"},
		{"GET", "/docs/v1.2", 200, "<title>a dot</title>"},
		{"GET", "/docs/v1.2/", 200, "<title>a dot</title>"},
		{"GET", "/.well-known/change-password", 200, "<title>change</title>"},
		{"GET", "/sitemap.xml", 200, "<urlset/>"},
		{"GET", "/a%20b.txt", 200, "blank"},
		{"GET", "/assets/js/main.5bd45f58.js", 200, "0"},
		{"HEAD", "/login", 200, ""},
		{"GET", "/nothing", 404, "<title>nothing here</title>"},
		{"GET", "/nothing.png", 404, "<title>nothing here</title>"},
		{"GET", "/assets", 404, "<title>nothing here</title>"},
		{"GET", "/Login/", 404, "<title>nothing here</title>"},
		{"GET", "//login/", 404, "<title>nothing here</title>"},
		{"GET", "/docs//v1.2/", 404, "<title>nothing here</title>"},
		{"GET", "/../secret.txt", 404, "<title>nothing here</title>"},
		{"GET", "/%2e%2e/secret.txt", 404, "<title>nothing here</title>"},
		{"GET", "/a%00.txt", 404, "<title>nothing here</title>"},
		{"POST", "/login", 405, ""},
		{"GET", "/api/auth/ok", 200, `"ok"`},
		{"GET", "/api", 200, `"forms"`},
		{"GET", "/health", 200, `"healthy"`},
		{"GET", "/api/nothing", 404, ""},
		{"GET", "/api/", 404, ""},
		{"POST", "/health", 404, ""},
	} {
		w := sendRequest(h, c.method, c.path)
		if got := strings.TrimSpace(w.Body.String()); w.Code != c.status || got != c.body {
			t.Errorf("%s %s: got %d %q, want %d %q", c.method, c.path, w.Code, got, c.status, c.body)
		}
		if w.Header().Get("Location") != "" {
			t.Errorf("%s %s: got the Location %s, want no redirect", c.method, c.path, w.Header().Get("Location"))
		}
	}
}

// fileForPath does the same as the CloudFront function SiteIndex. If you change one, change the other and this test.
func TestSiteIndexOfTheTemplateIsUnchanged(t *testing.T) {
	t.Parallel()
	const want = `function handler(event) {
  var request = event.request;
  if (request.uri.endsWith('/')) {
    request.uri += 'index.html';
  } else if (!/\.[A-Za-z][A-Za-z0-9]*$/.test(request.uri)) {
    request.uri += '/index.html';
  }
  return request;
}
`
	got := readTemplateNode(t).valueAt("Resources", "SiteIndex", "Properties", "FunctionCode")
	if diff := cmp.Diff(got, any(want)); diff != "" {
		t.Errorf("the code of SiteIndex in template.yaml (-template +want):\n%s", diff)
	}
}

func TestSiteHasCacheHeadersOfPublish(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join(repositoryRoot, "scripts", "publish"))
	if err != nil {
		t.Fatal(err)
	}
	var published []string
	for _, m := range regexp.MustCompile(`--cache-control "([^"]+)"`).FindAllStringSubmatch(string(script), -1) {
		published = append(published, m[1])
	}
	h := newSiteHandler(t, createBuiltSite(t), configOfLocalhost3000)
	got := []string{}
	for _, path := range []string{"/assets/js/main.5bd45f58.js", "/login"} {
		got = append(got, sendRequest(h, "GET", path).Header().Get("Cache-Control"))
	}
	if diff := cmp.Diff(got, published); diff != "" {
		t.Errorf("Cache-Control of xenon dev and of scripts/publish, want the same (-xenon dev +scripts/publish):\n%s", diff)
	}
	tag := sendRequest(h, "GET", "/login").Header().Get("ETag")
	if w := sendRequest(h, "GET", "/login/", "If-None-Match", tag); tag == "" || w.Code != http.StatusNotModified {
		t.Errorf("GET /login/ with the ETag %s of /login: got %d, want 304", tag, w.Code)
	}
	if w := sendRequest(h, "GET", "/", "If-None-Match", tag); w.Code != http.StatusOK {
		t.Errorf("GET / with the ETag of /login: got %d, want 200", w.Code)
	}
	if got := sendRequest(h, "GET", "/nothing").Header().Get("ETag"); got != "" {
		t.Errorf("the 404 response has the ETag %s, want none", got)
	}
}

func TestR33_SecurityHeadersOfTheServedSite(t *testing.T) {
	t.Parallel()
	const csp = "default-src 'self'; script-src 'self' " + scriptHash +
		"; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	plain := map[string]string{
		"Content-Security-Policy": csp, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "strict-origin-when-cross-origin", "Strict-Transport-Security": "",
	}
	secure := map[string]string{
		"Content-Security-Policy": csp + "; upgrade-insecure-requests", "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY",
		"Referrer-Policy": "strict-origin-when-cross-origin", "Strict-Transport-Security": "max-age=63072000",
	}
	for origin, want := range map[string]map[string]string{
		"http://localhost:3000":     plain,
		"https://learn.example.com": secure,
	} {
		h := newSiteHandler(t, createBuiltSite(t), config.API{Origin: origin})
		for _, path := range []string{"/", "/login", "/nothing", "/assets/js/main.5bd45f58.js"} {
			got := map[string]string{}
			headers := sendRequest(h, "GET", path).Header()
			for name := range want {
				got[name] = headers.Get(name)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("headers of %s%s (-got +want):\n%s", origin, path, diff)
			}
		}
	}
}

// A site that is built while the server runs is served without a restart.
func TestSiteBuiltLaterIsServed(t *testing.T) {
	t.Parallel()
	dir := createBuiltSite(t)
	hashes := filepath.Join(dir, "csp-hashes.txt")
	if err := os.Remove(hashes); err != nil {
		t.Fatal(err)
	}
	h := newSiteHandler(t, dir, configOfLocalhost3000)
	for _, path := range []string{"/", "/login"} {
		if w := sendRequest(h, "GET", path); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != `"start page"` {
			t.Errorf("GET %s before the site is built: got the status %d and %s, want the start page", path, w.Code, w.Body)
		}
	}
	if w := sendRequest(h, "GET", "/api/nothing"); w.Code != http.StatusNotFound || w.Body.Len() != 0 {
		t.Errorf("GET /api/nothing before the site is built: got the status %d and %s, want 404 without a body",
			w.Code, w.Body)
	}
	if err := os.WriteFile(hashes, []byte(scriptHash), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := sendRequest(h, "GET", "/"); w.Body.String() != "<title>home</title>" {
		t.Errorf("GET / after the site is built: got %s, want its page", w.Body)
	}
}

func TestDevWithoutSiteServesAPIAndStartPage(t *testing.T) {
	t.Chdir(repositoryRoot)
	for name, c := range map[string]struct {
		cmd  devCmd
		path string
		want int
	}{
		"no site":             {devCmd{NoSite: true}, "/", http.StatusOK},
		"only the start page": {devCmd{NoSite: true}, "/login", http.StatusNotFound},
		"no server at --site": {devCmd{Site: "http://127.0.0.1:1"}, "/login", http.StatusBadGateway},
	} {
		h, err := openHandler(t, c.cmd, web.Routes{"GET /api": apiDescription{}.servePage})
		if err != nil {
			t.Fatal(err)
		}
		w := sendRequest(h, "GET", c.path)
		if w.Code != c.want || c.want == http.StatusOK && !strings.Contains(w.Body.String(), "curl") {
			t.Errorf("GET %s with %s: got the status %d and %s, want %d, and with 200 a page that names curl",
				c.path, name, w.Code, w.Body, c.want)
		}
		if w := sendRequest(h, "GET", "/api"); w.Code != http.StatusOK {
			t.Errorf("GET /api with %s: got %d, want 200", name, w.Code)
		}
	}
	if _, err := openHandler(t, devCmd{Site: "https://localhost"}, web.Routes{}); err == nil ||
		!strings.Contains(err.Error(), "make site") {
		t.Errorf("--site with https: got %v, want an error that names make site", err)
	}
}

func TestSiteOfADevelopmentServerIsForwarded(t *testing.T) {
	t.Parallel()
	siteServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "websocket" {
			switchProtocol(t, w)
			return
		}
		_, _ = io.WriteString(w, "live "+r.URL.String())
	}))
	defer siteServer.Close()
	p, err := readSitePolicy()
	if err != nil {
		t.Fatal(err)
	}
	live, err := newLiveSiteForwarder(siteServer.URL)
	if err != nil {
		t.Fatal(err)
	}
	dev := httptest.NewServer(p.withSite(web.Routes{}, configOfLocalhost3000, live))
	defer dev.Close()
	for path, want := range map[string]string{"/login?a=b": "live /login?a=b", "/api/nothing": ""} {
		if got := fetchBody(t, dev.URL+path, ""); got != want {
			t.Errorf("the body of GET %s: got %q, want %q", path, got, want)
		}
	}
	if got := fetchBody(t, dev.URL+"/ws", "websocket"); got != "reload" {
		t.Errorf("the message of the WebSocket: got %q, want reload", got)
	}
	siteServer.Close()
	if got := fetchBody(t, dev.URL+"/", ""); !strings.Contains(got, "does not answer") {
		t.Errorf("GET / while the development server is stopped: got %q, want a text with \"does not answer\"", got)
	}
	if _, err := newLiveSiteForwarder("localhost:3001"); err == nil {
		t.Error("newLiveSiteForwarder with a URL without http://: got no error, want one")
	}
}

// switchProtocol switches to another protocol, sends one word and closes the connection.
func switchProtocol(t *testing.T, w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(
		conn,
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nreload",
	)
}

// fetchBody returns the body of a response, or everything after a switch to another protocol.
func fetchBody(t *testing.T, url, upgrade string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if upgrade != "" {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", upgrade)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDevRejectsHeadersThatAPIGatewayRejects(t *testing.T) {
	t.Chdir(repositoryRoot)
	large := func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("X-Large", strings.Repeat("x", web.MaxResponseHeaderBytes))
		return web.WriteJSON(w, http.StatusOK, "large")
	}
	for name, cmd := range map[string]devCmd{"with the site": {}, "without the site": {NoSite: true}} {
		h, err := openHandler(t, cmd, web.Routes{"GET /api/auth/ok": large})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/api/auth/ok", http.NoBody)
		r.Header.Set("Cookie", strings.Repeat("c", web.MaxRequestHeaderBytes))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf(
				"xenon dev %s, request with a header that is too large: got the status %d and %s, want 431",
				name,
				w.Code,
				w.Body,
			)
		}
		if w := sendRequest(h, "GET", "/api/auth/ok"); w.Code != http.StatusBadGateway {
			t.Errorf(
				"xenon dev %s, response with a header that is too large: got the status %d and %s, want 502",
				name,
				w.Code,
				w.Body,
			)
		}
	}
}
