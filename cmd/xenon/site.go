package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
	"github.com/xenon-auth/xenon/website"
)

const (
	siteDir    = "website"
	hashesFile = "csp-hashes.txt" // the hashes of the site's inline scripts; a build writes it last
	// The values of Cache-Control. scripts/publish sets the same values in S3.
	cacheForever       = "public, max-age=31536000, immutable"
	cacheAndRevalidate = "public, max-age=0, s-maxage=31536000, must-revalidate"
)

// withSite returns a handler that serves the routes, and with `site` every path that CloudFront does not send to the
// API.
func (p sitePolicy) withSite(routes web.Routes, cfg config.API, site http.Handler) http.Handler {
	api := devAPI(routes, cfg)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		if _, isRoute := routes["GET "+path]; isRoute || p.isAPI(path) {
			api.ServeHTTP(w, r)
			return
		}
		site.ServeHTTP(w, r)
	})
}

// builtFiles serves the files of a built site as the CloudFront distribution of template.yaml does: compressed, and
// with the same headers. It reads a file at each request.
type builtFiles struct {
	files         fs.FS
	hashes        func() (string, error)          // of the inline scripts; returns an error while the site is not built
	headers       func(hashes string) http.Header // of every response
	whileNotBuilt http.Handler                    // serves requests while the site is not built
	styles        []string                        // the places of inline styles, of a site of the user
	compressed    *compressedFiles
}

// openXenonSite returns Xenon's own site. In a checkout this is website/, which may be built later. Otherwise it is the
// site that a release contains. ok is false if there is neither.
func openXenonSite() (site builtFiles, ok bool) {
	folder := website.Files
	if isCheckout() {
		root, err := os.OpenRoot(siteDir)
		if err != nil {
			return site, false
		}
		folder = root.FS()
	}
	if folder == nil {
		return site, false
	}
	return openSiteInFolder(folder), true
}

// openSiteInFolder returns the site in a folder with the directory build and the file hashesFile.
func openSiteInFolder(folder fs.FS) (site builtFiles) {
	site.files, _ = fs.Sub(folder, "build") // the name is valid
	site.compressed = newCompressedFiles()
	site.hashes = func() (string, error) {
		text, err := fs.ReadFile(folder, hashesFile)
		return strings.Join(strings.Fields(string(text)), " "), err
	}
	return site
}

// isCheckout reports whether the working directory is the root of a checkout of this repository.
func isCheckout() bool {
	text, err := os.ReadFile("go.mod")
	return err == nil && bytes.HasPrefix(text, []byte("module github.com/xenon-auth/xenon\n"))
}

// openSiteOfUser returns the built site in a directory of the user. It reads the inline scripts once, so a later build
// needs a restart if it changes them.
func openSiteOfUser(dir string) (site builtFiles, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return site, err
	}
	scan, err := scanSite(root.FS())
	if err != nil {
		return site, err
	}
	if len(scan.handlers) > 0 {
		return site, fmt.Errorf("it has event handlers in attributes, which the Content-Security-Policy blocks: %s",
			firstFive(scan.handlers))
	}
	site.styles, site.compressed = scan.styles, newCompressedFiles()
	site.files, site.hashes = root.FS(), func() (string, error) { return scan.joinHashes(), nil }
	return site, nil
}

// ServeHTTP answers with the file for the path of the request. It never redirects.
func (s builtFiles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	hashes, err := s.hashes()
	if err != nil {
		s.whileNotBuilt.ServeHTTP(w, r)
		return
	}
	for name, values := range s.headers(hashes) {
		w.Header()[name] = values
	}
	name := fileForPath(r.URL.Path)
	text, changed, err := s.read(name)
	if err != nil {
		s.notFound(w)
		return
	}
	w.Header().Set("Cache-Control", cacheAndRevalidate)
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", cacheForever)
	}
	text = s.compress(w, r, name, text)
	http.ServeContent(w, r, name, changed, bytes.NewReader(text))
}

// compress returns the text of a file as the client accepts it, and sets the headers about it. As CloudFront, it does
// not compress the answer to a request with Range, and makes the ETag of a compressed file weak.
func (s builtFiles) compress(w http.ResponseWriter, r *http.Request, name string, text []byte) []byte {
	sum := sha256.Sum256(text)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	w.Header().Set("ETag", tag)
	if !isCompressible(name, len(text)) {
		return text
	}
	w.Header().Set("Vary", "Accept-Encoding")
	encoding := chooseEncoding(r.Header.Get("Accept-Encoding"))
	if encoding == "" || r.Header.Get("Range") != "" {
		return text
	}
	w.Header().Set("Content-Encoding", encoding)
	w.Header().Set("ETag", "W/"+tag)
	return s.compressed.get(name, encoding, tag, text)
}

// notFound answers with 404.html of the site. Here builtFiles differs from CloudFront, which sends the error of S3.
func (s builtFiles) notFound(w http.ResponseWriter) {
	text, _, err := s.read("404.html")
	if err != nil {
		text = []byte("There is no such page.\n")
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(text) //nolint:gosec // the file is 404.html of the site
}

// read returns a file of the site. As in an S3 bucket, there are no folders and no "..", and each file has one name.
func (s builtFiles) read(name string) (text []byte, changed time.Time, err error) {
	info, err := fs.Stat(s.files, name)
	if err != nil {
		return nil, changed, err
	}
	text, err = fs.ReadFile(s.files, name)
	return text, info.ModTime(), err
}

var fileExtension = regexp.MustCompile(`\.[A-Za-z][A-Za-z0-9]*$`)

// fileForPath returns the name of the file that CloudFront serves for a path, without the leading slash. The function
// SiteIndex in template.yaml does the same.
func fileForPath(path string) string {
	switch {
	case strings.HasSuffix(path, "/"):
		path += "index.html"
	case !fileExtension.MatchString(path):
		path += "/index.html"
	}
	return strings.TrimPrefix(path, "/")
}

// newLiveSiteForwarder returns a handler that forwards all requests to the development server of the site, including
// its WebSocket for live reload.
func newLiveSiteForwarder(serverURL string) (http.Handler, error) {
	target, err := url.Parse(serverURL)
	if err == nil && (target.Host == "" || target.Scheme != "http") {
		err = errors.New("it is not of the form http://host:port")
	}
	if err != nil {
		return nil, withAdvice(fmt.Errorf("--site %s: %w", serverURL, err),
			"Give the URL of the development server of the site: --site http://localhost:3001, or run make site.")
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Refresh", "2") // the server needs some seconds to start
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprintf(w, "The development server of the site at %s does not answer yet: %v\n", serverURL, err)
		},
	}, nil
}
