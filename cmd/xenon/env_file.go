package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// envFile is read in the working directory.
const envFile = ".env"

// envLine is an assignment as Node's dotenv reads it: a value in quotes may have several lines, and # begins a comment.
// The usual Go packages also expand $, which would change secrets.
var envLine = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*('[^']*'|"(?:\\"|[^"])*"|` + "`[^`]*`" + `|[^#\r\n]*)`)

// withEnvFile lays the settings of the file under getenv: a variable that is set counts, the file does where it is not.
// Values are taken as they are, $ included.
func withEnvFile(getenv environment, file string, log io.Writer) (environment, error) {
	text, err := os.ReadFile(file) //nolint:gosec // a file of the person who runs this
	if errors.Is(err, fs.ErrNotExist) {
		return getenv, nil
	}
	if err != nil {
		return nil, advise(fmt.Errorf("read settings: %w", err), "Make %s readable, or remove it.", file)
	}
	values := map[string]string{}
	for _, m := range envLine.FindAllStringSubmatch(string(text), -1) {
		values[m[1]] = unquoteEnv(strings.TrimSpace(m[2]))
	}
	fmt.Fprintf(log, "Read %d settings from %s; variables that are set count before it\n", len(values), file)
	return func(name string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return values[name]
	}, nil
}

func unquoteEnv(v string) string {
	if len(v) < 2 || v[0] != v[len(v)-1] || !strings.ContainsRune("'\"`", rune(v[0])) {
		return v
	}
	inner := v[1 : len(v)-1]
	if v[0] == '"' {
		inner = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\"`, `"`).Replace(inner)
	}
	return inner
}
