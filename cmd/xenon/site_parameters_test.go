package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSiteParametersAreThoseOfTheBuiltSite(t *testing.T) {
	t.Parallel()
	const hash = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" // of alert(1)
	for _, c := range []struct {
		name, page, csp string
		code            int
		want            string
	}{
		{"no inline script", "<p>", "strict", exitDone, "ScriptHashes=\n"},
		{"inline script", "<script>alert(1)</script>", "strict", exitDone, "ScriptHashes=" + hash + "\n"},
		{"inline style", `<p style="color:red">`, "strict", exitFailed, "index.html: style of <p>; use CSP=docusaurus"},
		{
			"inline style of Docusaurus", `<p style="color:red">`, "docusaurus", exitDone,
			"ScriptHashes=\nImageSources='self' data: https:\nStyleSources='self' 'unsafe-inline'\n",
		},
		{"event handler", `<p onclick="x()">`, "docusaurus", exitFailed, "event handlers: index.html: onclick of <p>"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte(c.page), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, err := runXenon(t, []string{"site-parameters", "--csp", c.csp, dir})
		if code != c.code || c.code == exitDone && out != c.want || c.code != exitDone && !strings.Contains(err, c.want) {
			t.Errorf("xenon site-parameters, a page with %s: got the exit code %d, %q and %q, want %d and %q",
				c.name, code, out, err, c.code, c.want)
		}
	}
	if code, _, err := runXenon(t, []string{"site-parameters", t.TempDir()}); code != exitFailed ||
		!strings.Contains(err, "index.html") {
		t.Errorf("xenon site-parameters of an empty directory: got %d %s, want a failure that names index.html", code, err)
	}
}

func TestPolicyOfAPresetAllowsInlineStyles(t *testing.T) {
	t.Parallel()
	for preset, want := range map[string]string{
		"strict": "; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; ",
		"docusaurus": "; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; font-src 'self'; " +
			"connect-src 'self'; ",
	} {
		p, err := readSitePolicy()
		if err != nil {
			t.Fatal(err)
		}
		p.applyPreset(preset)
		csp := p.headers(true)("'sha256-x'").Get("Content-Security-Policy")
		if !strings.Contains(csp, want) || strings.Contains(csp, "${") {
			t.Errorf("the Content-Security-Policy of the preset %s: got %q, want %q in it", preset, csp, want)
		}
	}
}
