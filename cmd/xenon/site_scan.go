package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// siteScan has what the Content-Security-Policy must allow or blocks in the HTML files of a built site.
type siteScan struct {
	pages    int
	hashes   map[string]bool // of inline scripts, in the form of the policy: 'sha256-…'
	handlers []string        // event handlers in attributes, which no hash allows: "index.html: onclick of <a>"
	styles   []string        // inline styles: "index.html: style of <a>"
}

// scanSite reads all HTML files of a built site. It returns an error if there is no index.html.
func scanSite(site fs.FS) (siteScan, error) {
	s := siteScan{hashes: map[string]bool{}}
	if info, err := fs.Stat(site, "index.html"); err != nil || !info.Mode().IsRegular() {
		return s, errors.New("it has no index.html")
	}
	err := fs.WalkDir(site, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".html" {
			return err
		}
		text, err := fs.ReadFile(site, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		s.pages++
		s.scan(name, text)
		return nil
	})
	return s, err
}

// scan adds the scripts, handlers and styles of one HTML file.
func (s *siteScan) scan(name string, text []byte) {
	tokens := html.NewTokenizer(bytes.NewReader(text))
	for {
		switch tokens.Next() {
		case html.ErrorToken: // the end of the file: the tokenizer has no other errors
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := tokens.Token()
			s.scanAttributes(name, tag)
			switch {
			case tag.DataAtom == atom.Style:
				s.styles = append(s.styles, name+": <style>")
			case isInlineScript(tag) && tokens.Next() == html.TextToken:
				sum := sha256.Sum256(tokens.Text())
				s.hashes["'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'"] = true
			}
		}
	}
}

func (s *siteScan) scanAttributes(name string, tag html.Token) {
	for _, a := range tag.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"):
			s.handlers = append(s.handlers, fmt.Sprintf("%s: %s of <%s>", name, a.Key, tag.Data))
		case a.Key == "style":
			s.styles = append(s.styles, fmt.Sprintf("%s: style of <%s>", name, tag.Data))
		}
	}
}

// isInlineScript reports whether the policy applies to the text of the element: to scripts, import maps and speculation
// rules, but not to data, such as JSON.
func isInlineScript(tag html.Token) bool {
	if tag.DataAtom != atom.Script || tag.Type != html.StartTagToken {
		return false
	}
	kind := ""
	for _, a := range tag.Attr {
		switch a.Key {
		case "src":
			return false
		case "type":
			kind = strings.ToLower(strings.TrimSpace(a.Val))
		}
	}
	return !strings.HasSuffix(kind, "json") // a hash too many does no harm
}

// joinHashes returns the hashes, sorted and separated by blanks.
func (s *siteScan) joinHashes() string { return strings.Join(slices.Sorted(maps.Keys(s.hashes)), " ") }
