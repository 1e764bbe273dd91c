package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestDevNamesTheInlineStylesThatThePolicyBlocks(t *testing.T) {
	t.Parallel()
	plain, styled := t.TempDir(), t.TempDir()
	for dir, page := range map[string]string{plain: "<p>", styled: `<p style="color:red">`} {
		if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ dir, csp, want string }{
		{plain, "strict", ""},
		{styled, "docusaurus", ""},
		{styled, "strict", "The number is 1, the first are: index.html: style of <p>.\n"},
	} {
		site, err := devCmd{Site: c.dir, CSP: c.csp}.openSite(t.Context(), configOfLocalhost3000)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		devCmd{}.printStart(&out, &net.TCPAddr{}, "", configOfLocalhost3000, site)
		got := out.String()
		if !strings.Contains(got, c.want) || strings.Contains(got, "--csp docusaurus") != (c.want != "") {
			t.Errorf("the start with --csp %s: got %s, want %q and the flag only if styles are blocked", c.csp, got, c.want)
		}
	}
}

func TestDevPrintsTheBasePathOfTheSite(t *testing.T) {
	t.Parallel()
	page := `<meta name="generator" content="%s"><script defer src="/learn/runtime~main.js"></script>` +
		`<script defer src="%s"></script>`
	docusaurus := func(src string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, page, "Docusaurus v3.10.2", src) }
	}
	for name, c := range map[string]struct {
		site http.Handler
		want string
	}{
		"a redirect":            {http.RedirectHandler("/learn/", http.StatusFound), "http://localhost:3000/learn/ - open"},
		"a redirect elsewhere":  {http.RedirectHandler("http://a.test/b", http.StatusFound), "http://localhost:3000 - open"},
		"Docusaurus at a path":  {docusaurus("/learn/main.js"), "http://localhost:3000/learn/ - open"},
		"Docusaurus at /":       {docusaurus("/main.js"), "http://localhost:3000 - open"},
		"a page without a path": {http.NotFoundHandler(), "http://localhost:3000 - open"},
	} {
		server := httptest.NewServer(c.site)
		defer server.Close()
		cfg := config.API{Origin: config.DefaultOrigin}
		site, err := devCmd{Site: server.URL}.openSite(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		devCmd{}.printStart(&out, &net.TCPAddr{}, "", cfg, site)
		if !strings.Contains(out.String(), "Xenon is running at "+c.want) {
			t.Errorf("the start in front of %s: got %s, want %q", name, out.String(), c.want)
		}
	}
}

func TestDevSuggestsAFreePortThatTheSiteDoesNotUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	site := "http://localhost:" + strconv.Itoa(port+1)
	got := devCmd{Addr: taken.Addr().String(), Site: site}.freeAddr(t.Context())
	_, text, err := net.SplitHostPort(got)
	if err != nil {
		t.Fatalf("the suggested address: got %q: %v", got, err)
	}
	if n, err := strconv.Atoi(text); err != nil || n < port+2 {
		t.Errorf("the port to use instead of %d, with the site at %s: got %s, want %d or higher", port, site, text, port+2)
	}
	l, err := net.Listen("tcp", got)
	if err != nil {
		t.Fatalf("the suggested address %s: got %v, want a free port", got, err)
	}
	l.Close()
	if got := (devCmd{Addr: "127.0.0.1:65535"}).freeAddr(t.Context()); got != "127.0.0.1:PORT" {
		t.Errorf("the address to use instead of the last port: got %s, want 127.0.0.1:PORT", got)
	}
}
