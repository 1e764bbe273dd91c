package config_test

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestSiteURLDecidesWhereRedirectTargetsLead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		siteURL, wantURL   string
		elsewhere          bool
		path, page, target string // OnSite("/x?y"), Page("/login/"), OnSite of a URL
	}{
		{"", "http://localhost:3000", false, "/x?y", "/login/", "https://other.example/z"},
		{"http://localhost:3000/", "http://localhost:3000", false, "/x?y", "/login/", "https://other.example/z"},
		{
			"HTTP://LOCALHOST:3000/learn/", "http://localhost:3000/learn", false,
			"/x?y", "/learn/login/", "https://other.example/z",
		},
		{
			"https://www.example.com:443", "https://www.example.com", true,
			"https://www.example.com/x?y", "https://www.example.com/login/", "https://other.example/z",
		},
		{
			"https://ada.github.io/Learn/", "https://ada.github.io/Learn", true,
			"https://ada.github.io/x?y", "https://ada.github.io/Learn/login/", "https://other.example/z",
		},
	} {
		cfg, err := config.LoadAPI(testEnvironment("SITE_URL", c.siteURL))
		if err != nil {
			t.Errorf("SITE_URL=%s: got the error %v, want none", c.siteURL, err)
			continue
		}
		trusted := strings.Join(cfg.TrustedOrigins, " ")
		if cfg.SiteURL != c.wantURL || cfg.IsSiteAtOtherOrigin() != c.elsewhere || (trusted != "") != c.elsewhere {
			t.Errorf("SITE_URL=%s: got %s, elsewhere %t, trusted %q, want %s, elsewhere and trusted %t",
				c.siteURL, cfg.SiteURL, cfg.IsSiteAtOtherOrigin(), trusted, c.wantURL, c.elsewhere)
		}
		if path, page, target := cfg.OnSite("/x?y"), cfg.Page("/login/"), cfg.OnSite(c.target); path != c.path ||
			page != c.page || target != c.target {
			t.Errorf("SITE_URL=%s: got the path %s, the page %s and the URL %s, want %s, %s and %s",
				c.siteURL, path, page, target, c.path, c.page, c.target)
		}
	}
}

func TestSiteURLRejectsWhatIsNoSite(t *testing.T) {
	t.Parallel()
	for _, siteURL := range []string{
		"www.example.com", "/learn", "ftp://example.com", "https://", "https://ada:secret@example.com",
		"https://example.com/?x", "https://example.com/#x", "https://example.com//x", "https://example.com/a b",
	} {
		_, err := config.LoadAPI(testEnvironment("SITE_URL", siteURL))
		if err == nil || !strings.Contains(err.Error(), "SITE_URL") || strings.Contains(err.Error(), "secret") {
			t.Errorf("SITE_URL=%s: got the error %v, want one that names SITE_URL and no password", siteURL, err)
		}
	}
}
