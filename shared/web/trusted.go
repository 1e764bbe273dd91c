package web

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xenon-auth/xenon/shared/config"
)

// parsedTarget is a parsed absolute URL: the origin of a request, or a redirect target. Scheme and authority are in
// lower case. The authority of an http or https URL has no default port.
type parsedTarget struct {
	scheme, authority, path string
	slashes                 bool // "//" follows the scheme
}

var defaultPorts = map[string]string{"http": ":80", "https": ":443"}

func (t parsedTarget) isWeb() bool { return t.scheme == "http" || t.scheme == "https" }

// parseTarget parses an absolute URL. It rejects a URL that a browser could interpret differently.
func parseTarget(text string) (parsedTarget, bool) {
	if strings.ContainsAny(text, "\\ ") || strings.ContainsFunc(text, isControlCharacter) {
		return parsedTarget{}, false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return parsedTarget{}, false
	}
	switch t := (parsedTarget{scheme: u.Scheme, authority: strings.ToLower(u.Host)}); t.scheme {
	case "http", "https":
		t.authority = strings.TrimSuffix(t.authority, defaultPorts[t.scheme])
		return t, t.authority != ""
	case "javascript", "data", "blob", "file", "vbscript":
		return parsedTarget{}, false
	}
	t := splitCustomSchemeURL(text, "/?#", "?#")
	return t, t.slashes || strings.HasPrefix(text[len(t.scheme):], ":/")
}

// splitCustomSchemeURL splits a URL of a custom scheme as Better Auth does (parseCustomSchemeOrigin); userinfo stays in
// the authority. Any character of endAuthority ends the authority, and any character of endPath ends the path. For a
// pattern, in which ? is a wildcard, ? must not be one of them.
func splitCustomSchemeURL(text, endAuthority, endPath string) parsedTarget {
	scheme, rest, _ := strings.Cut(text, ":")
	t := parsedTarget{scheme: strings.ToLower(scheme)}
	if rest, t.slashes = strings.CutPrefix(rest, "//"); t.slashes {
		end := strings.IndexAny(rest, endAuthority)
		if end < 0 {
			end = len(rest)
		}
		t.authority, rest = strings.ToLower(rest[:end]), rest[end:]
	}
	if end := strings.IndexAny(rest, endPath); end >= 0 {
		rest = rest[:end]
	}
	t.path = resolvePath(rest)
	return t
}

// resolvePath decodes a path and resolves "." and "..", so that no target leads out of the path of a trusted entry. It
// returns "" for the root.
func resolvePath(path string) string {
	if decoded, err := url.PathUnescape(path); err == nil && utf8.ValidString(decoded) {
		path = decoded
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, segment)
		}
	}
	if kept == nil {
		return ""
	}
	return "/" + strings.Join(kept, "/")
}

// trustedEntry is one trusted origin.
type trustedEntry struct {
	schemes     []string       // one, except that an entry without a scheme can allow both https and http
	authority   string         // for a custom scheme, "" matches any authority
	glob        *regexp.Regexp // the pattern of the authority, nil without wildcards
	ipv4        bool           // the host has only digits, dots and wildcards, so only IPv4 addresses match
	path        string         // for a custom scheme: the first segments of the path, or a pattern of the whole path
	pathGlob    *regexp.Regexp // the pattern of the path, nil without wildcards
	wildcards   bool           // for a custom scheme: the entry is a pattern
	needSlashes bool           // the entry is a scheme alone, such as "myapp://", and only targets with "//" match
}

// newTrustedEntry parses one trusted origin. A host without a scheme means https, and also http if allowHTTP is true.
func newTrustedEntry(text string, allowHTTP bool) trustedEntry {
	scheme, host, found := strings.Cut(text, "://")
	if !found && config.IsHost(text) {
		schemes := []string{"https"}
		if allowHTTP {
			schemes = append(schemes, "http")
		}
		return newWebEntry(schemes, text)
	}
	if scheme = strings.ToLower(scheme); scheme == "http" || scheme == "https" {
		return newWebEntry([]string{scheme}, host)
	}
	wildcards := strings.ContainsAny(text, "*?")
	endAuthority, endPath := "/?#", "?#"
	if wildcards {
		endAuthority, endPath = "/#", "#"
	}
	t := splitCustomSchemeURL(text, endAuthority, endPath)
	e := trustedEntry{
		schemes: []string{t.scheme}, authority: t.authority, path: t.path, wildcards: wildcards,
		ipv4: isIPv4Pattern(t.authority), needSlashes: t.slashes && t.authority == "" && t.path == "",
	}
	if wildcards {
		e.glob, e.pathGlob = CompileGlob(t.authority), CompileGlob(t.path)
	}
	return e
}

// newWebEntry returns an entry for http or https URLs with the authority, which may have wildcards.
func newWebEntry(schemes []string, authority string) trustedEntry {
	authority = strings.TrimSuffix(strings.ToLower(authority), "/")
	e := trustedEntry{schemes: schemes, authority: strings.TrimSuffix(authority, defaultPorts[schemes[0]])}
	e.ipv4 = isIPv4Pattern(e.authority)
	if strings.ContainsAny(e.authority, "*?") {
		e.glob = compileAuthorityGlob(e.authority)
	}
	return e
}

// compileAuthorityGlob compiles the pattern of a host and an optional port. In Better Auth every wildcard also matches
// dots. In Xenon, a wildcard that has other text in the same label does not match dots: "app-*.example.com" does not
// match "app-x.evil.example.com", which may belong to another owner.
func compileAuthorityGlob(authority string) *regexp.Regexp {
	var labels []string
	for label := range strings.SplitSeq(authority, ".") {
		class := `[^/\\]`
		if host, _, _ := strings.Cut(label, ":"); strings.Trim(host, "*?") != "" {
			class = `[^/\\.]`
		}
		labels = append(labels, compileGlobSegment(label, class))
	}
	return regexp.MustCompile("^" + strings.Join(labels, `\.`) + "$")
}

func isIPv4Pattern(authority string) bool { return config.IsIPv4Pattern(textBefore(authority, ":")) }

func isIPv4(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Is4()
}

// matches reports whether the entry trusts the URL t.
func (e trustedEntry) matches(t parsedTarget) bool {
	switch {
	case !slices.Contains(e.schemes, t.scheme):
		return false
	case e.ipv4 && !isIPv4(textBefore(t.authority, ":")):
		return false
	case t.isWeb() && e.glob != nil:
		return e.glob.MatchString(t.authority)
	case t.isWeb():
		return e.authority == t.authority
	}
	return e.matchesCustomScheme(t)
}

// matchesCustomScheme is like matches, for a custom scheme, which e and t have in common.
func (e trustedEntry) matchesCustomScheme(t parsedTarget) bool {
	switch {
	case e.needSlashes && !t.slashes:
		return false
	case !e.wildcards:
		return (e.authority == "" || e.authority == t.authority) &&
			(e.path == "" || t.path == e.path || strings.HasPrefix(t.path, e.path+"/"))
	case strings.Contains(t.authority, "@"):
		return false
	case e.authority != "" && !e.glob.MatchString(t.authority):
		return false
	}
	path := t.path
	if path == "" {
		path = "/"
	}
	return e.path == "" || e.pathGlob.MatchString(path)
}
