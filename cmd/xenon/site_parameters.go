package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// siteParametersCmd prints the parameters of template.yaml for a built site. scripts/deploy calls it.
type siteParametersCmd struct {
	Dir string `arg:"" help:"The directory of the built site"`
	CSP string `name:"csp" enum:"strict,docusaurus" default:"strict" help:"The Content-Security-Policy: strict or docusaurus."`
}

// Run prints one parameter in each line, NAME=VALUE.
func (c siteParametersCmd) Run(std streams) error {
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return withAdvice(err, "Give the directory of the built site: SITE=../my-site/build.")
	}
	defer root.Close() //nolint:errcheck // it was only read
	scan, err := scanSite(root.FS())
	switch {
	case err != nil:
		err = fmt.Errorf("%s: %w", c.Dir, err)
	case len(scan.handlers) > 0:
		err = errors.New("the Content-Security-Policy blocks these event handlers: " + firstFive(scan.handlers))
	case c.CSP == "strict" && len(scan.styles) > 0:
		err = errors.New("the strict Content-Security-Policy blocks these styles: " + firstFive(scan.styles) +
			"; use CSP=docusaurus to allow inline styles")
	}
	if err != nil {
		return withAdvice(err, "Correct the site, build it again, and run this command again. Nothing was deployed.")
	}
	fmt.Fprintf(std.out, "ScriptHashes=%s\n", scan.joinHashes())
	for _, name := range slices.Sorted(maps.Keys(cspPresets[c.CSP])) {
		fmt.Fprintf(std.out, "%s=%s\n", name, cspPresets[c.CSP][name])
	}
	return nil
}

// firstFive returns up to five of the places, separated by commas.
func firstFive(places []string) string { return strings.Join(places[:min(5, len(places))], ", ") }
