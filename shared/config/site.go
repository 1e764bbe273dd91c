package config

import (
	"net/url"
	"strings"
)

// readSiteURL reads the URL of the start page of the site, "scheme://host[:port][/path]", and returns it without the
// last slash.
func (l *loader) readSiteURL(name, fallback string) string {
	v := strings.TrimRight(l.readTextOr(name, fallback), "/")
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		strings.ContainsAny(v, "?#") || strings.Contains(u.Path, "//") || u.EscapedPath() != u.Path {
		l.addProblem(
			name,
			"%s is not the URL of a site, such as https://www.example.com or https://example.com/learn",
			quoteURL(v),
		)
		return fallback
	}
	return normalOrigin(u) + u.Path
}

// originOf returns the origin of a URL that readSiteURL has returned.
func originOf(siteURL string) string {
	scheme, rest, _ := strings.Cut(siteURL, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// hostOf returns the host of a URL that readSiteURL has returned, without the port.
func hostOf(siteURL string) string {
	u, err := url.Parse(siteURL)
	if err != nil {
		return "" // not possible: readSiteURL has parsed it
	}
	return u.Hostname()
}

// hostAndPortOf returns the host of a URL that readSiteURL has returned, with the port if the URL has one.
func hostAndPortOf(siteURL string) string {
	_, host, _ := strings.Cut(originOf(siteURL), "://")
	return host
}

// IsSiteAtOtherOrigin reports whether the pages are at another origin than the API.
func (c API) IsSiteAtOtherOrigin() bool { return c.SiteURL != "" && originOf(c.SiteURL) != c.Origin }

// SiteOrigin returns the origin of the pages.
func (c API) SiteOrigin() string { return originOf(c.SiteURL) }

// OnSite returns the URL of a redirect target. A target that is a path is a path of the site. OnSite returns it
// unchanged if the site has the origin of the API, as Better Auth does, and otherwise as an absolute URL.
func (c API) OnSite(target string) string {
	if strings.HasPrefix(target, "/") && c.IsSiteAtOtherOrigin() {
		return originOf(c.SiteURL) + target
	}
	return target
}

// Page returns the redirect target of a page of the site. The path begins with "/" and does not include the base path
// of the site.
func (c API) Page(path string) string {
	return c.OnSite(strings.TrimPrefix(c.SiteURL, originOf(c.SiteURL)) + path)
}
