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

// envFile is the file with settings, in the working directory.
const envFile = ".env"

// envLine matches an assignment as Node's dotenv reads it: a quoted value may have several lines, and # begins a
// comment. Go's dotenv packages also expand $, which would change secrets.
var envLine = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*` +
	`('[^']*'|"(?:\\"|[^"])*"|` + "`[^`]*`" + `|[^#\r\n]*)`)

// withEnvFile returns a function that reads the variables of getenv. If a variable is not set there, the function
// returns the value in the file. It does not expand $ in values.
func withEnvFile(getenv environment, file string, log io.Writer) (environment, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the user owns the file
	if errors.Is(err, fs.ErrNotExist) {
		return getenv, nil
	}
	if err != nil {
		return nil, withAdvice(fmt.Errorf("read settings: %w", err), "Make %s readable, or remove it.", file)
	}
	values := map[string]string{}
	for _, m := range envLine.FindAllStringSubmatch(string(text), -1) {
		values[m[1]] = unquoteEnv(strings.TrimSpace(m[2]))
	}
	fmt.Fprintf(log, "Read %d settings from %s; environment variables override them\n", len(values), file)
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
