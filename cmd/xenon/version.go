package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/website"
)

type versionCmd struct {
	JSON bool `name:"json" help:"Print the version as JSON."`
}

// version describes the program. Version, commit and date are those that the go command has written into it.
type version struct {
	Version    string `json:"version"`       // v1.2.3, or a version of the Go module with the commit
	Commit     string `json:"commit"`        // empty if the go command did not know it, as from a module proxy
	Date       string `json:"date"`          // of the commit, RFC 3339
	Changed    bool   `json:"changed"`       // the checkout had changes that were not committed
	Go         string `json:"go"`            // version of Go
	Platform   string `json:"platform"`      // such as linux/arm64
	BetterAuth string `json:"betterAuth"`    // the version whose protocol and tables Xenon has
	Schema     string `json:"schema"`        // the last migration
	HasSite    bool   `json:"hasXenonsSite"` // the program contains Xenon's site
}

func (versionCmd) Help() string {
	return `Prints the version of this program, its commit and the date of the commit, the supported version of Better
Auth, and the last migration of the schema.

  xenon version
  xenon version --json`
}

// Run prints the version.
func (c versionCmd) Run(std streams) error {
	info, _ := debug.ReadBuildInfo()
	v, err := versionOf(info)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std, v)
	}
	fmt.Fprintln(std.out, v)
	return nil
}

// unknownVersion is the version of a program into which the go command wrote none.
const unknownVersion = "unknown"

// versionOf reads the version. info is nil if the go command wrote none.
func versionOf(info *debug.BuildInfo) (version, error) {
	v := version{
		Version: unknownVersion, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		BetterAuth: migrations.BetterAuthVersion, HasSite: website.Files != nil,
	}
	all, err := migrations.List()
	if err != nil {
		return v, err
	}
	v.Schema = all[len(all)-1].Name
	if info == nil {
		return v, nil
	}
	v.Version = cmp.Or(info.Main.Version, v.Version)
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Commit = setting.Value
		case "vcs.time":
			v.Date = setting.Value
		case "vcs.modified":
			v.Changed = setting.Value == "true"
		}
	}
	return v, nil
}

func (v version) String() string {
	commit := "from a module proxy"
	switch {
	case v.Commit != "":
		commit = fmt.Sprintf("commit %.12s of %s", v.Commit, v.Date)
	case v.Version == unknownVersion, v.Version == "(devel)": // a build from a checkout without -buildvcs has (devel)
		commit = "commit unknown"
	}
	if v.Changed {
		commit += " with changes"
	}
	site := "without Xenon's site"
	if v.HasSite {
		site = "with Xenon's site"
	}
	return fmt.Sprintf("xenon %s, %s, %s, %s, %s\nBetter Auth %s, schema %s",
		v.Version, commit, v.Go, v.Platform, site, v.BetterAuth, v.Schema)
}
