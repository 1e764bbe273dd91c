package main

import (
	"context"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	basePathTimeout = time.Second
	maxHomePage     = 1 << 20 // bytes of the page that are read
)

// basePathOf returns the base path of the site of a development server, such as /learn/. It is the path to which the
// server redirects /, or the folder of main.js in a page of Docusaurus. It is empty for / and if it is not known, for
// example because the server does not run yet.
func basePathOf(ctx context.Context, siteURL string) string {
	ctx, cancel := context.WithTimeout(ctx, basePathTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, siteURL, http.NoBody)
	if err != nil {
		return ""
	}
	r.Header.Set("Accept", "text/html")
	resp, err := http.DefaultTransport.RoundTrip(r) // does not follow redirects
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	base := ""
	if to, err := resp.Location(); err == nil && to.Host == r.URL.Host {
		base = to.EscapedPath()
	} else if resp.StatusCode == http.StatusOK {
		base = basePathOfDocusaurus(io.LimitReader(resp.Body, maxHomePage))
	}
	if base == "/" {
		return ""
	}
	return base
}

// basePathOfDocusaurus returns the folder of main.js if a page has the generator meta tag of Docusaurus, else "".
func basePathOfDocusaurus(page io.Reader) string {
	isDocusaurus := false
	tokens := html.NewTokenizer(page)
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := tokens.Token()
			switch tag.DataAtom {
			case atom.Meta:
				isDocusaurus = isDocusaurus || attributeOf(tag, "name") == "generator" &&
					strings.HasPrefix(attributeOf(tag, "content"), "Docusaurus")
			case atom.Script:
				src := attributeOf(tag, "src")
				if isDocusaurus && strings.HasPrefix(src, "/") && path.Base(src) == "main.js" {
					return strings.TrimSuffix(src, "main.js")
				}
			}
		}
	}
}

func attributeOf(tag html.Token, name string) string {
	for _, a := range tag.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
