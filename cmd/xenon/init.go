package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	embedded "github.com/xenon-auth/xenon"
)

//go:embed starter
var starterFS embed.FS

type initCmd struct {
	Dir string `arg:"" help:"The directory to create; an empty one is filled." placeholder:"DIR"`
}

func (initCmd) Help() string {
	return `Creates a directory to start with: an example site, the script dev that serves it with Xenon, the settings
.env, and samconfig.toml for a deployment to AWS. It overwrites no file.

  xenon init my-site && my-site/dev`
}

// Run creates the files.
func (c initCmd) Run(std streams) error {
	entries, err := os.ReadDir(c.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return withAdvice(err, "Give the name of a new directory.")
	}
	if len(entries) > 0 {
		return withAdvice(fmt.Errorf("%s is not empty", c.Dir), "Nothing was written. Give the name of a new directory.")
	}
	files, err := starterFiles()
	if err != nil {
		return err
	}
	for _, f := range files {
		name := filepath.Join(c.Dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // the directory of a site
			return err
		}
		if err := os.WriteFile(name, f.text, f.mode); err != nil {
			return err
		}
		fmt.Fprintln(std.out, name)
	}
	fmt.Fprintf(std.out, "\nStart it: %s\n", filepath.Join(c.Dir, "dev"))
	return nil
}

type starterFile struct {
	name string
	text []byte
	mode fs.FileMode
}

// commentOutSettings returns the file .env with all settings commented out. For example, a BETTER_AUTH_URL in the file
// would override the origin that xenon dev derives from --addr.
func commentOutSettings(env []byte) []byte { return settingLine.ReplaceAll(env, []byte("#$0")) }

var settingLine = regexp.MustCompile(`(?m)^[A-Z]`)

// starterFiles returns the files of a new directory.
func starterFiles() ([]starterFile, error) {
	files := []starterFile{
		{".env", commentOutSettings(embedded.EnvExample), 0o600}, // for secrets
		{"samconfig.toml", embedded.SAMConfig, 0o644},
	}
	err := fs.WalkDir(starterFS, "starter", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := starterFS.ReadFile(path)
		f := starterFile{strings.TrimPrefix(path, "starter/"), text, 0o644}
		switch f.name {
		case "gitignore": // a file .gitignore here would apply to this repository
			f.name = ".gitignore"
		case "dev":
			f.mode = 0o755
		}
		files = append(files, f)
		return err
	})
	return files, err
}
