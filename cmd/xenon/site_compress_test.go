package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
)

// createSiteWith returns the handler of a built site that also has these files.
func createSiteWith(t *testing.T, files map[string]string) http.Handler {
	t.Helper()
	dir := createBuiltSite(t)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, "build", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return newSiteHandler(t, dir, configOfLocalhost3000)
}

// decodedBody returns the body of a response without its compression.
func decodedBody(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body io.Reader = w.Body
	switch w.Header().Get("Content-Encoding") {
	case "br":
		body = brotli.NewReader(body)
	case "gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = unzipped
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSiteIsCompressedAsTheClientAccepts(t *testing.T) {
	t.Parallel()
	page := strings.Repeat("<p>The same words again.</p>\n", 100)
	h := createSiteWith(t, map[string]string{"large.html": page})
	for accepted, want := range map[string]string{
		"":                           "",
		"identity":                   "",
		"*":                          "",
		"gzip":                       "gzip",
		"br":                         "br",
		"gzip, deflate, br, zstd":    "br",
		"GZIP;q=1.0, Br ; q=0.5":     "br",
		"gzip, br;q=0":               "gzip",
		"br;q=0.000, gzip;q=0":       "",
		"brotli, gzip;q=nonsense, ,": "gzip",
	} {
		w := sendRequest(h, "GET", "/large.html", "Accept-Encoding", accepted)
		got := w.Header().Get("Content-Encoding")
		if w.Code != http.StatusOK || got != want {
			t.Errorf("Accept-Encoding %q: got the status %d and Content-Encoding %q, want 200 and %q",
				accepted, w.Code, got, want)
		}
		if n := w.Body.Len(); (n < len(page)) != (want != "") {
			t.Errorf("Accept-Encoding %q: got %d of %d bytes, want fewer only if compressed", accepted, n, len(page))
		}
		if got := decodedBody(t, w); got != page {
			t.Errorf("Accept-Encoding %q: the body, decoded, differs from the file:\n%s", accepted, cmp.Diff(got, page))
		}
		if got := w.Header().Get("Content-Type"); got != "text/html; charset=utf-8" {
			t.Errorf("Accept-Encoding %q: got the Content-Type %q, want that of HTML", accepted, got)
		}
		if got := w.Header().Get("Vary"); got != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: got Vary %q, want Accept-Encoding", accepted, got)
		}
	}
}

func TestSiteCompressesTheFilesThatCloudFrontCompresses(t *testing.T) {
	t.Parallel()
	sized := func(n int) string { return strings.Repeat("x", n) }
	files := map[string]string{
		"page.html": sized(1000), "code.js": sized(1000), "style.css": sized(1000), "data.json": sized(1000),
		"logo.svg": sized(1000), "text.txt": sized(10_000_000),
	}
	unchanged := map[string]string{
		"small.html": sized(999), "huge.txt": sized(10_000_001), "font.woff2": sized(1000), "photo.png": sized(1000),
		"unknown.xenon": sized(1000),
	}
	for name, text := range unchanged {
		files[name] = text
	}
	h := createSiteWith(t, files)
	for name := range files {
		_, plain := unchanged[name]
		w := sendRequest(h, "GET", "/"+name, "Accept-Encoding", "gzip, br")
		if got := w.Header().Get("Content-Encoding"); (got == "") != plain {
			t.Errorf("GET /%s: got Content-Encoding %q, want none: %t", name, got, plain)
		}
		if got := decodedBody(t, w); got != files[name] {
			t.Errorf("GET /%s: got %d bytes, decoded, want the %d of the file", name, len(got), len(files[name]))
		}
	}
}

// CloudFront makes the ETag of a compressed file weak, and compresses no answer to a request with Range.
func TestCompressedFileIsRevalidatedAndHasRanges(t *testing.T) {
	t.Parallel()
	page := strings.Repeat("<p>The same words again.</p>\n", 100)
	h := createSiteWith(t, map[string]string{"large.html": page})
	plain := sendRequest(h, "GET", "/large.html").Header().Get("ETag")
	weak := sendRequest(h, "GET", "/large.html", "Accept-Encoding", "br").Header().Get("ETag")
	if weak != "W/"+plain {
		t.Errorf("the ETag of the compressed file: got %s, want W/%s", weak, plain)
	}
	for _, tag := range []string{plain, weak} {
		w := sendRequest(h, "GET", "/large.html", "Accept-Encoding", "br", "If-None-Match", tag)
		if w.Code != http.StatusNotModified || w.Body.Len() > 0 || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("If-None-Match %s: got %d with %d bytes and Content-Encoding %q, want 304 without these",
				tag, w.Code, w.Body.Len(), w.Header().Get("Content-Encoding"))
		}
	}
	w := sendRequest(h, "GET", "/large.html", "Accept-Encoding", "br", "Range", "bytes=3-6")
	if w.Code != http.StatusPartialContent || w.Body.String() != page[3:7] || w.Header().Get("ETag") != plain {
		t.Errorf("Range: got %d, %q and the ETag %s, want 206, %q and %s",
			w.Code, w.Body, w.Header().Get("ETag"), page[3:7], plain)
	}
	w = sendRequest(h, "HEAD", "/large.html", "Accept-Encoding", "br")
	if w.Body.Len() > 0 || w.Header().Get("Content-Encoding") != "br" || w.Header().Get("ETag") != weak {
		t.Errorf("HEAD: got %d bytes, Content-Encoding %q and the ETag %s, want none, br and %s",
			w.Body.Len(), w.Header().Get("Content-Encoding"), w.Header().Get("ETag"), weak)
	}
}

func TestFileIsCompressedOnceUntilItChanges(t *testing.T) {
	t.Parallel()
	first, second := bytes.Repeat([]byte("first "), 1000), bytes.Repeat([]byte("second "), 1000)
	c := newCompressedFiles()
	a := c.get("a.html", "br", "1", first)
	if b := c.get("a.html", "br", "1", first); &a[0] != &b[0] {
		t.Error("the second request for an unchanged file: it was compressed again, want the same bytes in memory")
	}
	if b := c.get("a.html", "br", "2", second); bytes.Equal(a, b) {
		t.Error("a changed file: got the old bytes, want those of the new file")
	}
	if len(c.files) != 1 {
		t.Errorf("the files in memory after a change: got %d, want 1", len(c.files))
	}
}

// xenon dev compresses because CloudFront does. If you change the template, change site_compress.go and this test.
func TestTemplateCompressesTheSite(t *testing.T) {
	t.Parallel()
	const cachingOptimized = "658327ea-f89d-4fab-a63d-7e88639e58f6" // AWS's policy, with gzip and Brotli
	path := []string{"Resources", "Distribution", "Properties", "DistributionConfig", "DefaultCacheBehavior"}
	template := readTemplateNode(t)
	if got := template.valueAt(append(path, "Compress")...); got != any("true") {
		t.Errorf("Compress of the site in template.yaml: got %v, want true", got)
	}
	if got := template.valueAt(append(path, "CachePolicyId")...); got != cachingOptimized {
		t.Errorf("the cache policy of the site in template.yaml: got %v, want %s", got, cachingOptimized)
	}
}
