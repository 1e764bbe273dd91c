package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

// devSite is the site that xenon dev serves, and what xenon dev prints about it.
type devSite struct {
	policy  sitePolicy
	handler http.Handler // nil with --no-site
	start   web.Handler  // with --no-site, the short text at /
	path    string       // of the home page, such as /learn/; empty for /
	api     apiDescription
	note    string // printed at the start: what the user must know about the site
}

// openSite returns the site of the flags --site, --no-site and --csp. xenon dev calls it before it starts the database,
// because it checks the flags.
func (c devCmd) openSite(ctx context.Context, cfg config.API) (s devSite, err error) {
	if c.NoSite {
		s.start = newStartPage(commandsToTry(cfg, "", c.Dir))
		return s, nil
	}
	if s.policy, err = readSitePolicy(); err != nil {
		return s, err
	}
	s.policy.applyPreset(c.CSP)
	if strings.Contains(c.Site, "://") {
		s.handler, err = newLiveSiteForwarder(c.Site)
		if err == nil {
			s.path = basePathOf(ctx, c.Site)
		}
		return s, err
	}
	files, err := c.builtSite()
	if err != nil {
		return s, err
	}
	files.headers = s.policy.headers(strings.HasPrefix(cfg.Origin, "https:"))
	files.whileNotBuilt = newStartPage(siteNotBuiltText + commandsToTry(cfg, "", c.Dir))
	s.handler, s.note = files, c.noteAbout(files)
	return s, nil
}

// builtSite returns the files of the site in the directory --site, else of Xenon's own site.
func (c devCmd) builtSite() (builtFiles, error) {
	if c.Site == "" {
		site, ok := openXenonSite()
		if !ok {
			return site, withAdvice(errors.New("this xenon has no site: go install does not build one"),
				"Start the API alone with --no-site, or give the directory of your own built site with --site. "+
					"The binaries of a release contain Xenon's site.")
		}
		return site, nil
	}
	site, err := openSiteOfUser(c.Site)
	if errors.Is(err, os.ErrNotExist) && isHostAndPort(c.Site) {
		return site, withAdvice(fmt.Errorf("--site %s is neither a directory nor a URL", c.Site),
			"Write http:// before the host: --site http://%s", c.Site)
	}
	if err != nil {
		err = withAdvice(fmt.Errorf("--site %s: %w", c.Site, err),
			"Give the directory of a built site, such as build or dist, or the URL of its development server, "+
				"such as http://localhost:3001.")
	}
	return site, err
}

func isHostAndPort(text string) bool {
	_, port, err := net.SplitHostPort(strings.TrimSuffix(text, "/"))
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// noteAbout returns the text about a site that is not built, or about styles that the policy blocks.
func (c devCmd) noteAbout(site builtFiles) string {
	if _, err := site.hashes(); err != nil {
		return siteNotBuiltText
	}
	if n := len(site.styles); c.CSP == "strict" && n > 0 {
		return fmt.Sprintf(`
The strict Content-Security-Policy blocks inline styles of this site. The number is %d, the first are: %s.
Pages that need them look wrong. To allow them, as a site of Docusaurus needs: xenon dev --site %s --csp docusaurus
`, n, firstFive(site.styles), c.Site)
	}
	return ""
}

// withAPI returns a handler that serves the routes, the pages about the API and, at every other path, the site. With
// --no-site it serves a short text at / instead of the site.
func (s devSite) withAPI(routes web.Routes, cfg config.API) http.Handler {
	routes["GET /api"], routes["GET /openapi.yaml"] = s.api.servePage, s.api.serveDocument
	if s.handler == nil {
		routes["GET /"] = s.start
		return devAPI(routes, cfg)
	}
	return s.policy.withSite(routes, cfg, s.handler)
}
