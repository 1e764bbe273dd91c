package main

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestScanSiteHashesInlineScriptsOnly(t *testing.T) {
	t.Parallel()
	scan, err := scanSite(fstest.MapFS{
		"index.html": {Data: []byte(`<script>alert(1)</script><script src="/a.js"></script>
<script type="application/ld+json">{"a":1}</script><script type=module>import "x"</script><script></script>
<noscript>alert(4)</noscript><p>&lt;script>alert(5)&lt;/script></p><!-- <script>alert(6)</script> -->`)},
		"a/b.html":  {Data: []byte(`<script>alert(1)</script><script>"&amp;</b>"</script>`)},
		"a/b.js":    {Data: []byte(`<script>alert(2)</script>`)},
		"map.html":  {Data: []byte(`<script type="importmap">{"imports":{}}</script>`)},
		"note.html": {Data: []byte(`<a onclick="go()" style="color:red">x</a><style>a{}</style>`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{ // printf '%s' TEXT | openssl dgst -sha256 -binary | base64
		"'sha256-NRn359Kz8db9/ND95zyCAS9z2QAJeDkX6IJWSSloAHw='",
		"'sha256-URrTy+Il/Nz0lHojVUx275hWqAWhkSF0VsHbUM4/6Hw='",
		"'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='",
		"'sha256-oAGBFwD8dtxjBbBBUsB9fy1Dy0if+C+SOmOZYuES0h4='",
	}, " ")
	if diff := cmp.Diff(want, scan.joinHashes()); diff != "" {
		t.Errorf("the hashes of the inline scripts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"note.html: onclick of <a>"}, scan.handlers); diff != "" {
		t.Errorf("the event handlers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"note.html: style of <a>", "note.html: <style>"}, scan.styles); diff != "" {
		t.Errorf("the inline styles (-want +got):\n%s", diff)
	}
	if scan.pages != 4 {
		t.Errorf("the number of HTML files: got %d, want 4", scan.pages)
	}
}

func TestScanSiteNeedsAnIndex(t *testing.T) {
	t.Parallel()
	for name, site := range map[string]fstest.MapFS{
		"empty":     {},
		"no index":  {"a/index.html": {Data: []byte("<p>")}},
		"directory": {"index.html/a": {Data: []byte("<p>")}},
	} {
		if _, err := scanSite(site); err == nil || !strings.Contains(err.Error(), "index.html") {
			t.Errorf("scan the site %q: got the error %v, want one that names index.html", name, err)
		}
	}
}
