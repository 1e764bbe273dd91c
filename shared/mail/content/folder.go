package content

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxTemplateBytes limits a template that is read.
const maxTemplateBytes = 256 << 10

// IsTemplate reports whether a file of this name is meant as a template. Other files in a folder, such as a README, are
// not read.
func IsTemplate(name string) bool {
	return slices.Contains([]string{".html", ".txt", ".tmpl"}, path.Ext(name)) && !strings.HasPrefix(path.Base(name), ".")
}

// ReadFolder returns the templates in a folder and its folders of languages, by name.
func ReadFolder(folder string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !IsTemplate(filepath.ToSlash(name)) {
			return err
		}
		relative, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		info, err := os.Stat(name)
		if err == nil && info.Size() > maxTemplateBytes {
			err = fmt.Errorf("%s has more than %d bytes", name, maxTemplateBytes)
		}
		if err != nil {
			return err
		}
		text, err := os.ReadFile(name) //nolint:gosec // the operator names the folder
		files[filepath.ToSlash(relative)] = string(text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read templates of mails: %w", err)
	}
	return files, nil
}
