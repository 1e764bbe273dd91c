package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/postgres"
)

func TestEnvironmentOverridesEnvFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".env")
	text := `# a comment
PLAIN=a b # not this
export EXPORTED=x
  SPACED = y
SET=from the file
EMPTY=
SECRET=pa$$w=rd
RATE_LIMIT_RULES={"/sign-in/*": {"window": 10, "max": 60}}
SINGLE='a # "b" $c'
DOUBLE="line 1\nline \"2\" # kept"
LINES="one
two"
#OFF=1
WINDOWS=z` + "\r\n" + `no assignment
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	outer := func(name string) string { return map[string]string{"SET": "from the environment"}[name] }
	getenv, err := withEnvFile(outer, file, &log)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"PLAIN": "a b", "EXPORTED": "x", "SPACED": "y", "SET": "from the environment", "EMPTY": "", "SECRET": "pa$$w=rd",
		"RATE_LIMIT_RULES": `{"/sign-in/*": {"window": 10, "max": 60}}`, "SINGLE": `a # "b" $c`,
		"DOUBLE": "line 1\nline \"2\" # kept",
		"LINES":  "one\ntwo", "OFF": "", "WINDOWS": "z", "MISSING": "",
	} {
		if got := getenv(name); got != want {
			t.Errorf("the variable %s: got %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(log.String(), file) || strings.Contains(log.String(), "pa$$") {
		t.Errorf("the log: got %q, want a line with the path of the file and without the value of SECRET", log.String())
	}
}

func TestMissingEnvFileLogsNothing(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	getenv, err := withEnvFile(func(string) string { return "set" }, filepath.Join(t.TempDir(), ".env"), &log)
	if err != nil || getenv("X") != "set" || log.Len() > 0 {
		t.Errorf("no env file: got the error %v and the log %q, want no error, no log and the given variables",
			err, log.String())
	}
	if _, err := withEnvFile(nil, t.TempDir(), &log); err == nil || !strings.Contains(err.Error(), "readable") {
		t.Errorf("a directory instead of an env file: got %v, want an error that asks for a readable file", err)
	}
}

func TestShownDatabaseURLHasNoPassword(t *testing.T) {
	t.Parallel()
	l := &localResources{databaseURL: "postgres://me:hidden@localhost:5432/learn?password=hidden", dir: ".xenon"}
	if got := l.urlToPrint(); got != "postgres://me@localhost:5432/learn" {
		t.Errorf("got the shown URL %s, want one without a password", got)
	}
	l.server = &postgres.Server{}
	const want = "postgres://me@localhost:5432/learn, its password is in .xenon/postgres/password"
	if got := l.urlToPrint(); got != want {
		t.Errorf("got the shown URL %s, want %s", got, want)
	}
}
