// Package declaration reads the file that declares the fields of the profile API (setting PROFILE_FIELDS), and has the
// declaration that applies without such a file. docs/profile-fields.md describes the form of the file.
package declaration

import (
	"bytes"
	_ "embed" // profile.yaml
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/xenon-auth/xenon/shared/profilefields"
)

// maxFileSize is the maximum size of a file in bytes: 100 fields with 100 choices each fit.
const maxFileSize = 1 << 20

//go:embed profile.yaml
var shippedFile []byte

// Shipped returns the fields that the API has without a file: the profile of a learner. The caller must not change
// them.
var Shipped = sync.OnceValue(func() profilefields.Fields {
	fields, err := parse(shippedFile)
	if err != nil {
		panic("profile.yaml: " + err.Error()) // not possible: a test parses the file
	}
	for i := range fields {
		fields[i].PatternOnWrite = true
	}
	return fields
})

// ShippedFile returns the file of Shipped.
func ShippedFile() []byte { return bytes.Clone(shippedFile) }

// Error lists the problems of a declaration.
type Error struct{ Problems []string }

// Error lists the problems, one a line.
func (e *Error) Error() string { return strings.Join(e.Problems, "\n") }

// Load reads the file at path, or returns Shipped if path is "".
func Load(path string) (profilefields.Fields, error) {
	if path == "" {
		return Shipped(), nil
	}
	file, err := os.Open(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read the fields of the profile: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the fields of the profile: %w", err)
	}
	fields, err := Parse(data)
	if problems := (*Error)(nil); errors.As(err, &problems) {
		return nil, fmt.Errorf("%s declares no fields for a profile:\n  - %s", path,
			strings.Join(problems.Problems, "\n  - "))
	}
	return fields, err
}

// LoadIf is Load if the profile API is on. Otherwise it reads no file and returns no fields.
func LoadIf(on bool, path string) (profilefields.Fields, error) {
	if !on {
		return nil, nil
	}
	return Load(path)
}

// Parse reads a declaration. The error is an *Error with all problems.
func Parse(data []byte) (profilefields.Fields, error) {
	if len(data) > maxFileSize {
		return nil, &Error{[]string{fmt.Sprintf("the file is larger than %d bytes", maxFileSize)}}
	}
	fields, err := parse(data)
	if err != nil {
		return nil, err
	}
	for i := range fields {
		f := &fields[i]
		shipped, ok := Shipped().Find(f.Name)
		f.PatternOnWrite = ok && f.Pattern == shipped.Pattern
	}
	return fields, nil
}

// parse is Parse without PatternOnWrite.
func parse(data []byte) (profilefields.Fields, error) {
	var document, next yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, &Error{[]string{"this is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	r := &reader{}
	if err := decoder.Decode(&next); !errors.Is(err, io.EOF) {
		r.addf(&next, "the file has more than one document")
	}
	fields := r.readDocument(&document)
	if len(r.problems) > 0 {
		return nil, &Error{r.problems}
	}
	return fields, nil
}
